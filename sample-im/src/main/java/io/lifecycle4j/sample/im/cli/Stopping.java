package io.lifecycle4j.sample.im.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** How the chat stops. */
@SuppressWarnings("NullAway.Init") // picocli sets each option, if only to its default
public final class Stopping {
    public enum Leaving {
        RESTART,
        SHUTDOWN
    }

    @Option(
            names = "--announce-delay",
            defaultValue = "0s",
            description =
                    "How long to serve on when no longer ready, for balancers to notice (default: ${DEFAULT-VALUE}).")
    public Duration announceDelay;

    @Option(
            names = "--drain-timeout",
            defaultValue = "10s",
            description = "How long requests in flight may take to finish (default: ${DEFAULT-VALUE}).")
    public Duration drainTimeout;

    @Option(
            names = "--callback-timeout",
            defaultValue = "3s",
            description = "How long the flush of the read receipts may take (default: ${DEFAULT-VALUE}).")
    public Duration callbackTimeout;

    @Option(
            names = "--shutdown-timeout",
            defaultValue = "25s",
            description = "How long the whole shutdown may take before it is forced (default: ${DEFAULT-VALUE}).")
    public Duration shutdownTimeout;

    @Option(
            names = "--leaving",
            defaultValue = "restart",
            paramLabel = "<for>",
            description = "What clients are told: restart (close code 1012: come back) or shutdown (1001)"
                    + " (default: ${DEFAULT-VALUE}).")
    public Leaving leaving;

    void check() {
        Checks.positive("--shutdown-timeout", shutdownTimeout);
        Checks.positive("--callback-timeout", callbackTimeout);
    }
}
