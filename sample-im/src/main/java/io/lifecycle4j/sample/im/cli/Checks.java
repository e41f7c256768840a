package io.lifecycle4j.sample.im.cli;

import java.time.Duration;

/** What the types of the options alone do not check. */
final class Checks {

    private Checks() {}

    static void inRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new WrongOptionException(name, value + " (expected: " + least + " to " + most + ")");
        }
    }

    static void inRange(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new WrongOptionException(
                    name, value.toMillis() + "ms (expected: " + least.toMillis() + "ms to " + most.toMillis() + "ms)");
        }
    }

    static void positive(String name, Duration value) {
        if (value.isZero()) {
            throw new WrongOptionException(name, "0s (expected: > 0s)");
        }
    }
}
