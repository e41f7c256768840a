package io.lifecycle4j;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The limits of an app, each with the name that its setter, messages and the environment share, and its default. */
enum Limit {
    START("startTimeout", null, false),
    SHUTDOWN("shutdownTimeout", Duration.ofSeconds(25), false),
    ANNOUNCE("announceDelay", Duration.ZERO, true),
    DRAIN("drainTimeout", Duration.ofSeconds(10), true),
    STOP("stopTimeout", Duration.ofSeconds(5), false),
    CALLBACK("callbackTimeout", Duration.ofSeconds(3), false),
    RELEASE("releaseTimeout", Duration.ofSeconds(5), false);

    /** Begins the name of each variable. */
    static final String PREFIX = "LIFECYCLE4J_";

    private static final Duration MAXIMUM = Duration.ofDays(365);

    private final String title;
    private final @Nullable Duration byDefault;
    private final boolean mayBeZero;

    Limit(String title, @Nullable Duration byDefault, boolean mayBeZero) {
        this.title = title;
        this.byDefault = byDefault;
        this.mayBeZero = mayBeZero;
    }

    String title() {
        return title;
    }

    /** Null if it is unlimited by default. */
    @Nullable
    Duration byDefault() {
        return byDefault;
    }

    /** {@code LIFECYCLE4J_DRAIN_TIMEOUT} for {@code drainTimeout}. */
    String variable() {
        return PREFIX + title.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
    }

    Duration checked(Duration value) {
        return mayBeZero ? notNegative(title, value) : positive(title, value);
    }

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
}
