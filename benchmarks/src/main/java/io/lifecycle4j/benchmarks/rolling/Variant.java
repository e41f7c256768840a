package io.lifecycle4j.benchmarks.rolling;

import java.time.Duration;
import java.util.Locale;

/** How the service stops. Only the first is meant to lose nothing; the others show that the measurement can fail. */
enum Variant {
    /** With this library, serving on until the balancer has seen the red readiness. */
    ANNOUNCED(Duration.ofSeconds(3), 0),
    /** With this library, but the gate closes at once. */
    UNANNOUNCED(Duration.ZERO, 0),
    /** Jetty's own graceful stop, from its own JVM hook. */
    JETTY(Duration.ZERO, 143),
    /** Jetty as it comes. */
    BARE(Duration.ZERO, 143);

    private final Duration announceDelay;
    private final int exitStatus;

    Variant(Duration announceDelay, int exitStatus) {
        this.announceDelay = announceDelay;
        this.exitStatus = exitStatus;
    }

    Duration announceDelay() {
        return announceDelay;
    }

    /** The status of a process that ends after TERM as this variant should. */
    int exitStatus() {
        return exitStatus;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
