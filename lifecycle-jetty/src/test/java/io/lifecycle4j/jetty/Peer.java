package io.lifecycle4j.jetty;

import java.time.Duration;

/** A WebSocket client that reports how its session ended. */
interface Peer extends AutoCloseable {
    /** What a peer does with its session. */
    enum Mode {
        /** Reads all at once and answers the close. */
        READS,
        /** Reads at {@link #SLOW_BYTES_PER_SECOND} and answers the close. */
        SLOW,
        /** Reads all at once, sends without a pause until it sees the close, and answers it. */
        FLOODS
    }

    int SLOW_BYTES_PER_SECOND = 2_000_000;

    /**
     * How a session ended for its peer.
     *
     * @param code the close code that was received, 1006 if none was
     * @param reason the close reason that was received
     * @param queued how many of the script's queued messages were received before
     * @param bytes how many bytes of text were received before, echoes included
     */
    record Seen(int code, String reason, int queued, long bytes) {
        String close() {
            return code + " " + reason;
        }
    }

    /** Waits for the end of the session; fails if it does not come. */
    Seen seen(Duration limit) throws Exception;

    /** Drops the connection, if it is still open. */
    @Override
    void close();
}
