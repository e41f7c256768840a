package io.lifecycle4j.sample.im.cli;

import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line; each option has an environment variable behind it. Read once, before anything starts. */
@Command(
        name = "sample-im",
        sortOptions = false,
        usageHelpAutoWidth = true,
        synopsisHeading = "Usage: java -jar ",
        customSynopsis = "sample-im.jar [OPTION]...",
        description = {
            "",
            "A chat server that stops well: Ctrl+C (or TERM) tells the clients, stores what they have sent, and ends"
                    + " with status 0. A second Ctrl+C ends it at once.",
            ""
        },
        footer = {
            "",
            "Durations are written 500ms, 4s or 2m. Each option can be given as an environment variable instead: IM_PORT=8090"
                    + " for --port 8090, IM_DRAIN_TIMEOUT=4s for --drain-timeout 4s. The flag wins.",
            "",
            "Exit status: 0 after a clean shutdown; 1 if the start failed, or something was left undone or cut at its limit;"
                    + " 2 for a wrong option."
        })
public final class ImOptions implements Runnable {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    public boolean help;

    @ArgGroup(validate = false, heading = "%nWhere it listens, and where messages are kept:%n")
    public Serving serving = new Serving();

    @ArgGroup(validate = false, heading = "%nHow it stops:%n")
    public Stopping stopping = new Stopping();

    @ArgGroup(validate = false, heading = "%nWhat a client may do:%n")
    public ClientLimits clients = new ClientLimits();

    @ArgGroup(validate = false, heading = "%nFor trying it out:%n")
    public Demonstration demonstration = new Demonstration();

    public static final class Demonstration {
        @Option(names = "--demo", description = "Adds GET /demo/slow?millis=N, a request that takes its time.")
        public boolean demo;

        @Option(
                names = "--demo-flush-millis",
                defaultValue = "0",
                description = "Makes the flush of the read receipts take that long (default: ${DEFAULT-VALUE}).")
        public long flushMillis;
    }

    /** Checks what the types alone do not. */
    @Override
    public void run() {
        serving.check();
        stopping.check();
        clients.check();
        Checks.inRange("--demo-flush-millis", demonstration.flushMillis, 0, 3_600_000);
    }

    public Path dataFolder() {
        return Path.of(serving.dataDir);
    }
}
