package io.lifecycle4j;

import java.time.Duration;

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
        if (Names.notNull(what, value).isZero()) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
        }
        return notNegative(what, value);
    }

    static Duration notNegative(String what, Duration value) {
        if (Names.notNull(what, value).isNegative()) {
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
}
