package io.lifecycle4j;

import java.time.Duration;
import java.util.Objects;
import java.util.StringJoiner;

/** How long things may take; checked when set. */
record Limits(
        Duration shutdown, Duration announce, Duration drain, Duration stop, Duration callback, Duration release) {
    static final Limits DEFAULTS = new Limits(
            Duration.ofSeconds(25),
            Duration.ZERO,
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(3),
            Duration.ofSeconds(5));

    private static final Duration MAXIMUM = Duration.ofDays(365);

    static Duration positive(String what, Duration value) {
        if (Objects.requireNonNull(value, what).isZero()) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
        }
        return notNegative(what, value);
    }

    static Duration notNegative(String what, Duration value) {
        if (Objects.requireNonNull(value, what).isNegative()) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: >= 0)");
        }
        if (value.compareTo(MAXIMUM) > 0) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: at most 365 days)");
        }
        return value;
    }

    Limits withShutdown(Duration value) {
        return new Limits(positive("shutdownTimeout", value), announce, drain, stop, callback, release);
    }

    Limits withAnnounce(Duration value) {
        return new Limits(shutdown, notNegative("announceDelay", value), drain, stop, callback, release);
    }

    Limits withDrain(Duration value) {
        return new Limits(shutdown, announce, notNegative("drainTimeout", value), stop, callback, release);
    }

    Limits withStop(Duration value) {
        return new Limits(shutdown, announce, drain, positive("stopTimeout", value), callback, release);
    }

    Limits withCallback(Duration value) {
        return new Limits(shutdown, announce, drain, stop, positive("callbackTimeout", value), release);
    }

    Limits withRelease(Duration value) {
        return new Limits(shutdown, announce, drain, stop, callback, positive("releaseTimeout", value));
    }

    /** Names the limits that were chosen and can never be reached, because they exceed the whole; empty if none do. */
    String beyondTheWhole() {
        StringJoiner names = new StringJoiner(", ");
        addBeyond(names, "announceDelay", announce, DEFAULTS.announce);
        addBeyond(names, "drainTimeout", drain, DEFAULTS.drain);
        addBeyond(names, "stopTimeout", stop, DEFAULTS.stop);
        addBeyond(names, "callbackTimeout", callback, DEFAULTS.callback);
        addBeyond(names, "releaseTimeout", release, DEFAULTS.release);
        return names.toString();
    }

    // A short shutdownTimeout beside a default is no mistake of the user's.
    private void addBeyond(StringJoiner names, String name, Duration value, Duration preset) {
        if (value.compareTo(shutdown) > 0 && !value.equals(preset)) {
            names.add(name + " " + Text.of(value));
        }
    }
}
