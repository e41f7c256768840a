package io.lifecycle4j.sample.im.cli;

import com.mongodb.ConnectionString;
import com.mongodb.MongoException;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    public enum LogFormat {
        TEXT,
        JSON
    }

    public enum Leaving {
        RESTART,
        SHUTDOWN
    }

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
    public Clients clients = new Clients();

    @ArgGroup(validate = false, heading = "%nFor trying it out:%n")
    public Demonstration demonstration = new Demonstration();

    public static final class Serving {
        @Option(
                names = "--host",
                defaultValue = "127.0.0.1",
                description = "Address to listen on (default: ${DEFAULT-VALUE}).")
        public String host = "127.0.0.1";

        @Option(
                names = "--port",
                defaultValue = "8080",
                description =
                        "Port of the page, the API and the WebSocket (default: ${DEFAULT-VALUE}; 0: any free one).")
        public int port = 8080;

        @Option(
                names = "--admin-port",
                defaultValue = "8081",
                description =
                        "Port of /livez, /readyz, /status and /metrics (default: ${DEFAULT-VALUE}; 0: any free one).")
        public int adminPort = 8081;

        @Option(
                names = "--mongo-uri",
                defaultValue = "",
                description = "MongoDB's connection string; without it an embedded server keeps its data in --data-dir."
                        + " It may hold a password: IM_MONGO_URI keeps that from the list of processes.")
        public String mongoUri = "";

        @Option(
                names = "--data-dir",
                defaultValue = "data",
                description = "Folder of the embedded server's data (default: ${DEFAULT-VALUE}).")
        public String dataDir = "data";

        @Option(
                names = "--database-only",
                paramLabel = "<port>",
                description =
                        "Runs no chat, but the embedded server on this port of 127.0.0.1, for several nodes that are"
                                + " given --mongo-uri mongodb://127.0.0.1:<port>/im (default: off; 0: any free one).")
        public int databaseOnly = -1;

        @Option(
                names = "--allow-origin",
                split = ",",
                paramLabel = "<origin>",
                description = "Pages of other origins that may connect, such as https://chat.example.org; separated by"
                        + " commas (default: only this server's own).")
        public List<String> origins = new ArrayList<>();

        @Option(
                names = "--log-format",
                defaultValue = "text",
                description = "text for people, json for machines (default: ${DEFAULT-VALUE}).")
        public LogFormat logFormat = LogFormat.TEXT;
    }

    public static final class Stopping {
        @Option(
                names = "--announce-delay",
                defaultValue = "0s",
                description =
                        "How long to serve on when no longer ready, for balancers to notice (default: ${DEFAULT-VALUE}).")
        public Duration announceDelay = Duration.ZERO;

        @Option(
                names = "--drain-timeout",
                defaultValue = "10s",
                description = "How long requests in flight may take to finish (default: ${DEFAULT-VALUE}).")
        public Duration drainTimeout = Duration.ofSeconds(10);

        @Option(
                names = "--callback-timeout",
                defaultValue = "3s",
                description = "How long the flush of the read receipts may take (default: ${DEFAULT-VALUE}).")
        public Duration callbackTimeout = Duration.ofSeconds(3);

        @Option(
                names = "--shutdown-timeout",
                defaultValue = "25s",
                description = "How long the whole shutdown may take before it is forced (default: ${DEFAULT-VALUE}).")
        public Duration shutdownTimeout = Duration.ofSeconds(25);

        @Option(
                names = "--leaving",
                defaultValue = "restart",
                paramLabel = "<for>",
                description = "What clients are told: restart (close code 1012: come back) or shutdown (1001)"
                        + " (default: ${DEFAULT-VALUE}).")
        public Leaving leaving = Leaving.RESTART;
    }

    public static final class Clients {
        @Option(
                names = "--max-sessions",
                defaultValue = "20000",
                description = "Open at once; more get 503 (default: ${DEFAULT-VALUE}).")
        public int sessions = ClientLimits.DEFAULT.sessions();

        @Option(
                names = "--max-rooms",
                defaultValue = "100",
                description = "Rooms that one session may be in (default: ${DEFAULT-VALUE}).")
        public int rooms = ClientLimits.DEFAULT.rooms();

        @Option(
                names = "--send-rate",
                defaultValue = "100",
                description =
                        "Messages a second that one session may send, five seconds' worth at once; more are declined"
                                + " (default: ${DEFAULT-VALUE}).")
        public int sendRate = ClientLimits.DEFAULT.sendRate();

        @Option(
                names = "--frame-rate",
                defaultValue = "400",
                description =
                        "Frames a second, likewise; who sends more is closed with 4008 (default: ${DEFAULT-VALUE}).")
        public int frameRate = ClientLimits.DEFAULT.frameRate();

        @Option(
                names = "--frame-bytes",
                defaultValue = "32768",
                description = "A larger frame is closed with 1009 (default: ${DEFAULT-VALUE}).")
        public int frameBytes = ClientLimits.DEFAULT.frameBytes();

        @Option(
                names = "--queue-bytes",
                defaultValue = "2097152",
                description =
                        "What may wait for one client to read; beyond it is closed with 1013 (default: ${DEFAULT-VALUE}).")
        public int queueBytes = ClientLimits.DEFAULT.queueBytes();

        @Option(
                names = "--hello-limit",
                defaultValue = "8s",
                description = "How long a client may take to say who it is (default: ${DEFAULT-VALUE}).")
        public Duration helloLimit = ClientLimits.DEFAULT.helloLimit();

        @Option(
                names = "--heartbeat",
                defaultValue = "10s",
                description =
                        "Between two pings; who is not heard for two and a half of them is cut (default: ${DEFAULT-VALUE}).")
        public Duration heartbeat = ClientLimits.DEFAULT.heartbeat();

        @Option(
                names = "--read-limit",
                defaultValue = "20s",
                description =
                        "Who takes none of the frames that wait for that long is closed with 1013 (default: ${DEFAULT-VALUE}).")
        public Duration readLimit = ClientLimits.DEFAULT.readLimit();

        public ClientLimits limits() {
            return new ClientLimits(
                    sessions,
                    rooms,
                    ClientLimits.DEFAULT.textBytes(),
                    frameBytes,
                    sendRate,
                    frameRate,
                    ClientLimits.DEFAULT.queueFrames(),
                    queueBytes,
                    helloLimit,
                    heartbeat,
                    readLimit);
        }
    }

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
        inRange("--port", serving.port, 0, 65_535);
        inRange("--admin-port", serving.adminPort, 0, 65_535);
        if (serving.port == serving.adminPort && serving.port != 0) {
            throw new WrongOptionException("--admin-port", serving.adminPort + " (expected: another port than --port)");
        }
        inRange("--database-only", serving.databaseOnly, -1, 65_535);
        if (serving.dataDir.isBlank()) {
            throw new WrongOptionException("--data-dir", "'" + serving.dataDir + "' (expected: a folder)");
        }
        checkMongoUri(serving.mongoUri);
        positive("--shutdown-timeout", stopping.shutdownTimeout);
        positive("--callback-timeout", stopping.callbackTimeout);
        positive("--hello-limit", clients.helloLimit);
        positive("--heartbeat", clients.heartbeat);
        positive("--read-limit", clients.readLimit);
        inRange("--max-sessions", clients.sessions, 1, 1_000_000);
        inRange("--max-rooms", clients.rooms, 1, 10_000);
        inRange("--send-rate", clients.sendRate, 1, 1_000_000);
        inRange("--frame-rate", clients.frameRate, 1, 1_000_000);
        inRange("--frame-bytes", clients.frameBytes, 1_024, 1 << 20);
        inRange("--queue-bytes", clients.queueBytes, 1 << 20, 1 << 30);
        inRange("--demo-flush-millis", demonstration.flushMillis, 0, 3_600_000);
    }

    public Path dataFolder() {
        return Path.of(serving.dataDir);
    }

    private static void inRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new WrongOptionException(name, value + " (expected: " + least + " to " + most + ")");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isZero()) {
            throw new WrongOptionException(name, "0s (expected: > 0s)");
        }
    }

    private static void checkMongoUri(String uri) {
        try {
            ConnectionString unused = uri.isEmpty() ? null : new ConnectionString(uri);
        } catch (IllegalArgumentException e) {
            throw new WrongOptionException("--mongo-uri", MongoConnection.EXPECTED);
        } catch (MongoException e) {
            return; // its name server does not answer: that is no fault of the option's
        }
    }
}
