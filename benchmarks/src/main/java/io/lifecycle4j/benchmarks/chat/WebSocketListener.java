package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;

/** What becomes of one connection, told on the thread of its {@link WebSocketClients}. */
public interface WebSocketListener {
    /** The code that no frame carries: the connection ended without a close frame, or never became a WebSocket. */
    int NO_CLOSE_FRAME = 1006;

    /** The server has accepted the upgrade. */
    void opened(WebSocketClient client);

    /** A whole text message, in UTF-8; the buffer is only lent for the call. */
    void text(WebSocketClient client, ByteBuffer payload);

    /**
     * The connection has ended; told once for each, also if it was never opened.
     *
     * @param code of the server's close frame, or {@link #NO_CLOSE_FRAME}
     * @param reason the frame's, or what went wrong
     */
    void closed(WebSocketClient client, int code, String reason);
}
