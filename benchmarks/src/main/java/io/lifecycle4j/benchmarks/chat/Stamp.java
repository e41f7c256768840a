package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/** A text that carries when it was meant to be sent, and how to find that in a frame of whatever protocol. */
final class Stamp {
    private static final byte MARK = '~'; // nothing else that is sent has one
    private static final int DIGITS = 15;

    private Stamp() {}

    /** A text of so many bytes. */
    static String text(long micros, int bytes) {
        String digits = String.valueOf(micros);
        return (char) MARK + "0".repeat(DIGITS - digits.length()) + digits + "x".repeat(bytes - DIGITS - 1);
    }

    /** Tells the time in each text of a frame, which may hold several or none; returns how many. */
    static int read(ByteBuffer frame, LongConsumer each) {
        int found = 0;
        int index = frame.position();
        while (index < frame.limit()) {
            if (frame.get(index) != MARK) {
                index++;
                continue;
            }
            long micros = 0;
            for (int digit = index + 1; digit <= index + DIGITS; digit++) {
                micros = micros * 10 + frame.get(digit) - '0';
            }
            each.accept(micros);
            found++;
            index += DIGITS + 1;
        }
        return found;
    }
}
