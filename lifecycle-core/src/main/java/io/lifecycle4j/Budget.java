package io.lifecycle4j;

import java.time.Duration;

/**
 * Divides the time of one shutdown, so that nothing that hangs costs what comes later its turn. All figures are points
 * on the app's {@link Clock}, in nanoseconds.
 */
final class Budget {
    private static final long LAST_REPORT = Duration.ofMillis(500).toNanos();
    private static final long LAST_INTERRUPT = Duration.ofMillis(100).toNanos();

    private final Limits limits;
    private final long start;
    private final long total;

    Budget(Limits limits, long start) {
        this.limits = limits;
        this.start = start;
        this.total = limits.shutdown().toNanos();
    }

    /** When the JVM is halted. */
    long deadline() {
        return start + total;
    }

    /** When the last step ends: what follows is for the report and for other JVM hooks. */
    long stepsEnd() {
        return deadline() - Math.min(LAST_REPORT, total / 10);
    }

    /** How long the last lines of the log may take: a logger that is stuck is not worth the rest of the time. */
    long forTheLog(long now) {
        return Math.min(LAST_REPORT, Math.max(0, deadline() - now) / 2);
    }

    long announceEnd(long now) {
        return earlier(now, limits.announce(), drainMustEnd());
    }

    long announceCallbackEnd(long now, Duration limit) {
        return earlier(now, limit, drainMustEnd());
    }

    long drainEnd(long now) {
        return earlier(now, limits.drain(), drainMustEnd());
    }

    long stopEnd(long now, Duration limit) {
        return earlier(now, limit, stopMustEnd());
    }

    long callbackEnd(long now, Duration limit) {
        return earlier(now, limit, callbacksMustEnd());
    }

    /** A resource's end: its limit, or an even share of what is left if that is less. */
    long releaseEnd(long now, Duration limit, int stillOpen) {
        return Math.min(now + nanos(limit), now + Math.max(0, stepsEnd() - now) / stillOpen);
    }

    /** When a step that ends at {@code end} is interrupted, so that it may still end by itself. */
    static long interruptAt(long now, long end) {
        return end - Math.min(LAST_INTERRUPT, (end - now) / 10);
    }

    private long callbacksMustEnd() {
        return stepsEnd() - Math.min(nanos(limits.release()), total / 5);
    }

    private long stopMustEnd() {
        return callbacksMustEnd() - Math.min(nanos(limits.callback()), total / 5);
    }

    // A drain that takes all there is would leave servers no time at all to stop.
    private long drainMustEnd() {
        return stopMustEnd() - Math.min(nanos(limits.stop()), total / 20);
    }

    private static long earlier(long now, Duration limit, long latest) {
        return Math.max(now, Math.min(now + nanos(limit), latest));
    }

    private static long nanos(Duration duration) {
        return duration.toNanos();
    }
}
