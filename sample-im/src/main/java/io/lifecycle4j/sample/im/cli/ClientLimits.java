package io.lifecycle4j.sample.im.cli;

import java.time.Duration;

/**
 * What one client may do, and hold.
 *
 * @param sessions how many may be open at once
 * @param rooms how many one session may be in
 * @param textBytes of one message, in UTF-8
 * @param frameBytes of one frame from a client
 * @param sendRate messages a second that one session may send for long
 * @param frameRate frames a second, of whatever type, that one session may send for long
 * @param queueFrames frames that may wait for one client to read
 * @param queueBytes bytes that may wait for one client to read
 * @param helloLimit how long a client may stay unknown
 * @param heartbeat between two pings; who is not heard for two and a half of them is gone
 * @param readLimit how long a client may take not one of the frames that wait for it
 */
public record ClientLimits(
        int sessions,
        int rooms,
        int textBytes,
        int frameBytes,
        int sendRate,
        int frameRate,
        int queueFrames,
        int queueBytes,
        Duration helloLimit,
        Duration heartbeat,
        Duration readLimit) {
    static final ClientLimits DEFAULT = new ClientLimits(
            20_000,
            100,
            4_096,
            32_768, // a text of 4,096 bytes that is all escapes
            100,
            400,
            4_096,
            2 << 20,
            Duration.ofSeconds(8),
            Duration.ofSeconds(10),
            Duration.ofSeconds(20));

    /** A short burst is no flood: five seconds' worth at once. */
    public static final int BURST_SECONDS = 5;

    /** Messages of one session that may be on their way to the database; more are not even read. */
    public static final int PENDING_SENDS = 64;

    /** Answers that wait beyond this many bytes keep a client's next request from being read. */
    public int pausingBytes() {
        return queueBytes / 8;
    }

    public Duration silenceLimit() {
        return heartbeat.multipliedBy(5).dividedBy(2);
    }
}
