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
     * @param code the close code that came, 1006 if none did
     * @param reason the close reason that came
     * @param queued how many messages that the script had queued came before
     * @param bytes how many bytes of text came before, echoes included
     */
    record Seen(int code, String reason, int queued, long bytes) {
        String close() {
            return code + " " + reason;
        }
    }

    /** Waits for the end of the session; fails if it does not come. */
    Seen seen(Duration limit) throws Exception;

    /** Drops the connection, if it still stands. */
    @Override
    void close();
}
