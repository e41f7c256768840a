package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;

/** What one client says and hears, in the words of one chat; for the thread of its connection. */
interface Conversation {
    /** Begins, now that the connection is open: says who it is. */
    void begin(WebSocketClient connection);

    /** Goes on, after a frame that hands no message on; true if that made it a member of the last of its rooms. */
    boolean hear(WebSocketClient connection, ByteBuffer frame);

    void say(WebSocketClient connection, int room, String text);
}
