package io.lifecycle4j.jetty;

import java.nio.ByteBuffer;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.common.WebSocketSession;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;

/**
 * What a service does on its own with WebSocket sessions, and Jetty's API does not offer. All methods are thread-safe and do not block.
 *
 * @since 0.1
 */
public final class WebSockets {

    private WebSockets() {}

    /**
     * Closes a session so that nothing queued is lost, and a peer that answers sees the code: the close frame is written after what is
     * queued, and Jetty closes the connection when the peer's answer comes. {@link Session#close(int, String, org.eclipse.jetty.websocket.api.Callback)}
     * with a code such as 1001, 1012 or 1013 drops what is queued and closes the connection at once, which a peer may
     * see as 1006.
     *
     * <p>The listener must go on demanding, or the answer is not read. A peer that never answers keeps its connection until the
     * session's idle limit; {@link Session#disconnect} ends it earlier. Without effect on a session that is closed or closing.
     *
     * @param session of Jetty's API, whatever creates it: a handler, a servlet, Javalin
     * @param code one that RFC 6455, section 7.4 lets an endpoint send
     * @param reason 123 bytes of UTF-8 at the most
     * @throws IllegalArgumentException if the code or the reason cannot be sent
     */
    public static void close(Session session, int code, String reason) {
        close(coreOf(session), code, reason);
    }

    /** Like {@link #close(Session, int, String)}, for a Jakarta session: {@code ((JakartaWebSocketSession) session).getCoreSession()}. */
    public static void close(CoreSession session, int code, String reason) {
        CloseCodes.check(code, reason);
        TrackedSession.of((WebSocketCoreSession) session, new WebSocketOptions())
                .close(code, reason, Callback.NOOP);
    }

    /**
     * Sends a text that is encoded already: a message to many is encoded once, and not once for each as {@link Session#sendText}
     * does.
     *
     * @param text a whole message in UTF-8; consumed, so that each session needs a {@linkplain ByteBuffer#duplicate duplicate}
     * @param moreFollow whether another follows at once: the two may then be written together
     * @param callback completed when the message is written
     */
    public static void sendText(Session session, ByteBuffer text, boolean moreFollow, Callback callback) {
        coreOf(session).sendFrame(new Frame(OpCode.TEXT, true, text), callback, moreFollow);
    }

    private static CoreSession coreOf(Session session) {
        return ((WebSocketSession) Checks.notNull("session", session)).getCoreSession();
    }
}
