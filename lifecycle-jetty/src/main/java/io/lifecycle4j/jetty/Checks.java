package io.lifecycle4j.jetty;

import java.time.Duration;
import java.util.Objects;

/** Checks the arguments of public methods. */
final class Checks {
    private static final Duration LONGEST = Duration.ofDays(365);

    private Checks() {}

    static <T> T notNull(String what, T value) {
        return Objects.requireNonNull(value, () -> what + ": null (expected: not null)");
    }

    static Duration time(String what, Duration value) {
        if (notNull(what, value).isNegative()) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: >= 0)");
        }
        if (value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: at most 365 days)");
        }
        return value;
    }

    static String headerValue(String what, String value) {
        if (notNull(what, value).isBlank() || value.chars().anyMatch(each -> each < ' ' || each > '~')) {
            String shown = value.replaceAll("[^ -~]", "?");
            throw new IllegalArgumentException(what + ": '" + shown
                    + "' (expected: a media type such as text/plain, in ASCII without control characters)");
        }
        return value;
    }

    /** Returns the message of an exception, or its class if it has none. */
    static String text(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getName() : message;
    }
}
