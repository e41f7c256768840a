package io.lifecycle4j;

import java.time.Duration;

/** Durations for people. Plain concatenation: a first {@code String.format} costs tens of milliseconds. */
final class Text {

    private Text() {}

    /** Returns {@code 12 ms} below a second, {@code 1.2 s} from there on. */
    static String of(Duration duration) {
        return ofNanos(duration.toNanos());
    }

    static String ofNanos(long nanos) {
        long millis = (nanos + 500_000) / 1_000_000;
        if (millis < 1_000) {
            return millis + " ms";
        }
        long tenths = (millis + 50) / 100;
        return tenths % 10 == 0 ? tenths / 10 + " s" : tenths / 10 + "." + tenths % 10 + " s";
    }

    /** A failure in words; one whose own words fail is known by its class. */
    static String of(Throwable failure) {
        try {
            return failure.toString();
        } catch (Throwable e) {
            return failure.getClass().getName();
        }
    }

    static String stack(StackTraceElement[] stack) {
        StringBuilder text = new StringBuilder();
        for (StackTraceElement frame : stack) {
            // Not frame.toString(): for a stack taken from a thread it puts loaders and modules before each class.
            text.append("\n\tat ").append(frame.getClassName()).append('.').append(frame.getMethodName());
            if (frame.getFileName() != null && frame.getLineNumber() > 0) {
                text.append('(')
                        .append(frame.getFileName())
                        .append(':')
                        .append(frame.getLineNumber())
                        .append(')');
            }
        }
        return text.toString();
    }
}
