package io.lifecycle4j.jetty;

import java.nio.ByteBuffer;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;

/**
 * What a service does on its own with WebSocket sessions, and no API of Jetty's offers. A session may be of Jetty's API, whatever has
 * created it (a handler, a servlet, Javalin), or of Jakarta WebSocket. All methods are thread-safe and do not block.
 *
 * @since 0.1
 */
public final class WebSockets {

    private WebSockets() {}

    /**
     * Closes a session so that nothing queued is lost, and a peer that answers sees the code: the close frame is written after what is
     * queued, and Jetty closes the connection when the peer's answer comes. A session's own {@code close} with any code but 1000 and those
     * from 3000 on drops what is queued and closes the connection at once, which a peer may see as 1006.
     *
     * <p>The listener must go on demanding, or the answer is not read. What it sends from now on is dropped. A peer that never answers keeps
     * its connection until the session's idle limit; {@code disconnect} ends it earlier. Without effect on a session that is closed
     * or closing.
     *
     * @param session a WebSocket session of Jetty's, of whatever API
     * @param code one that RFC 6455, section 7.4 lets an endpoint send
     * @param reason 123 bytes of UTF-8 at the most
     * @throws IllegalArgumentException if the code or the reason cannot be sent, or the session is none
     */
    public static void close(Object session, int code, String reason) {
        CloseCodes.check(code, reason);
        WebSocketCoreSession core = WebSocketContainers.coreOf(Checks.notNull("session", session));
        TrackedSession tracked = TrackedSession.of(core, new WebSocketOptions());
        if (tracked == null) {
            core.close(code, reason, Callback.NOOP);
        } else {
            tracked.close(code, reason);
        }
    }

    /**
     * Sends a text that is encoded already: a message to many is encoded once, and not once for each session.
     *
     * @param session a WebSocket session of Jetty's, of whatever API
     * @param text a whole message in UTF-8; consumed, so that each session needs a {@linkplain ByteBuffer#duplicate duplicate}
     * @param moreFollow whether another follows at once: the two may then be written together
     * @param callback completed when the message is written
     * @throws IllegalArgumentException if the session is none
     */
    public static void sendText(Object session, ByteBuffer text, boolean moreFollow, Callback callback) {
        WebSocketContainers.coreOf(Checks.notNull("session", session))
                .sendFrame(new Frame(OpCode.TEXT, true, text), callback, moreFollow);
    }
}
