package io.lifecycle4j;

import java.time.Duration;

/**
 * What a step of a shutdown may know. Thread-safe.
 *
 * @since 0.1
 */
public final class ShutdownContext {
    private final ShutdownReason reason;
    private final Clock clock;
    private final long interruptAt;

    ShutdownContext(ShutdownReason reason, Clock clock, long interruptAt) {
        this.reason = reason;
        this.clock = clock;
        this.interruptAt = interruptAt;
    }

    /** Returns why the app shuts down. */
    public ShutdownReason reason() {
        return reason;
    }

    /** Returns the time until this step is interrupted; zero from then on. Work that fits into it is never cut. */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, interruptAt - clock.nanoTime()));
    }
}
