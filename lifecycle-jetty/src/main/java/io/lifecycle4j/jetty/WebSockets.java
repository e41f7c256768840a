package io.lifecycle4j.jetty;

import java.nio.ByteBuffer;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;

/**
 * Closes WebSocket sessions without losing messages, and sends texts that are encoded already; Jetty's own APIs offer neither. A session may
 * be of Jetty's API (of a handler, a servlet, Javalin) or of Jakarta WebSocket. All methods are thread-safe and do not block.
 *
 * @since 0.1
 */
public final class WebSockets {

    private WebSockets() {}

    /**
     * Closes a session so that nothing queued is lost, and a peer that answers sees the code: the close frame is written after what is
     * queued, and Jetty closes the connection when the peer's answer comes. With a code other than 1000 and those from 3000 on, a session's
     * own {@code close} drops what is queued and closes the connection at once, which a peer may see as 1006.
     *
     * <p>The listener must go on demanding frames, or the answer is not read. What it sends from now on is dropped. A peer that never answers
     * keeps its connection until the session's idle limit; {@code disconnect} ends it earlier. A session that is closed or closing is
     * left as it is.
     *
     * @param session a WebSocket session of Jetty, of any API
     * @param code one that RFC 6455, section 7.4 lets an endpoint send
     * @param reason 123 bytes of UTF-8 at the most
     * @throws IllegalArgumentException if the code or the reason cannot be sent, or the object is not a WebSocket session of Jetty
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
     * Sends a text that is encoded already, so that a message to many sessions is encoded once and not once for each.
     *
     * @param session a WebSocket session of Jetty, of any API
     * @param text a whole message in UTF-8; consumed, so that each session needs a {@linkplain ByteBuffer#duplicate duplicate}
     * @param moreFollow whether another message follows at once; the two may then be written together
     * @param callback completed when the message is written
     * @throws IllegalArgumentException if the object is not a WebSocket session of Jetty
     */
    public static void sendText(Object session, ByteBuffer text, boolean moreFollow, Callback callback) {
        WebSocketContainers.coreOf(Checks.notNull("session", session))
                .sendFrame(new Frame(OpCode.TEXT, true, text), callback, moreFollow);
    }
}
