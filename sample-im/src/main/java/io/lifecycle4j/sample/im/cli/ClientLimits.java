package io.lifecycle4j.sample.im.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** What one client may do, and hold. */
@SuppressWarnings("NullAway.Init") // picocli sets each option, if only to its default
public final class ClientLimits {
    /** A short burst is no flood: five seconds' worth at once. */
    public static final int BURST_SECONDS = 5;

    /** Messages of one session that may be on their way to the database; more are not even read. */
    public static final int PENDING_SENDS = 64;

    /** The longest message, in UTF-8. */
    public static final int TEXT_BYTES = 4_096;

    /** Frames that may wait for one client to read. */
    public int queueFrames = 4_096;

    @Option(
            names = "--max-sessions",
            defaultValue = "20000",
            description = "Open at once; more get 503 (default: ${DEFAULT-VALUE}).")
    public int sessions;

    @Option(
            names = "--max-rooms",
            defaultValue = "100",
            description = "Rooms that one session may be in (default: ${DEFAULT-VALUE}).")
    public int rooms;

    @Option(
            names = "--send-rate",
            defaultValue = "100",
            description = "Messages a second that one session may send, five seconds' worth at once; more are declined"
                    + " (default: ${DEFAULT-VALUE}).")
    public int sendRate;

    @Option(
            names = "--frame-rate",
            defaultValue = "400",
            description = "Frames a second, likewise; who sends more is closed with 4008 (default: ${DEFAULT-VALUE}).")
    public int frameRate;

    @Option(
            names = "--frame-bytes",
            defaultValue = "32768", // a text of TEXT_BYTES that is all escapes
            description = "A larger frame is closed with 1009 (default: ${DEFAULT-VALUE}).")
    public int frameBytes;

    @Option(
            names = "--queue-bytes",
            defaultValue = "2097152",
            description =
                    "What may wait for one client to read; beyond it is closed with 1013 (default: ${DEFAULT-VALUE}).")
    public int queueBytes;

    @Option(
            names = "--hello-limit",
            defaultValue = "8s",
            description = "How long a client may take to say who it is (default: ${DEFAULT-VALUE}).")
    public Duration helloLimit;

    @Option(
            names = "--request-limit",
            defaultValue = "3s",
            description = "How long a client may take to send an HTTP request (default: ${DEFAULT-VALUE}).")
    public Duration requestLimit;

    @Option(
            names = "--heartbeat",
            defaultValue = "10s",
            description =
                    "Between two pings; who is not heard for two and a half of them is cut (default: ${DEFAULT-VALUE}).")
    public Duration heartbeat;

    @Option(
            names = "--read-limit",
            defaultValue = "20s",
            description =
                    "Who takes none of the frames that wait for that long is closed with 1013 (default: ${DEFAULT-VALUE}).")
    public Duration readLimit;

    /** Answers that wait beyond this many bytes keep a client's next request from being read. */
    public int pausingBytes() {
        return queueBytes / 8;
    }

    /** A client that is not heard for two and a half heartbeats is gone. */
    public Duration silenceLimit() {
        return heartbeat.multipliedBy(5).dividedBy(2);
    }

    void check() {
        Checks.positive("--hello-limit", helloLimit);
        Checks.inRange("--request-limit", requestLimit, Duration.ofMillis(100), Duration.ofHours(1));
        Checks.positive("--heartbeat", heartbeat);
        Checks.positive("--read-limit", readLimit);
        Checks.inRange("--max-sessions", sessions, 1, 1_000_000);
        Checks.inRange("--max-rooms", rooms, 1, 10_000);
        Checks.inRange("--send-rate", sendRate, 1, 1_000_000);
        Checks.inRange("--frame-rate", frameRate, 1, 1_000_000);
        Checks.inRange("--frame-bytes", frameBytes, 1_024, 1 << 20);
        Checks.inRange("--queue-bytes", queueBytes, 1 << 20, 1 << 30);
    }
}
