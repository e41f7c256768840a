package io.lifecycle4j.jetty;

import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;

/**
 * Closes a WebSocket session so that nothing queued is lost and no peer that answers sees 1006.
 *
 * <p>Its close frame says the code to the peer and NORMAL to Jetty, which for any other code drops what is queued and closes the
 * connection without waiting for the peer: unread bytes then reset it, and the peer sees 1006.
 *
 * <p>Once it is written it is no close frame to Jetty any more, which would half-close the connection after it. Proxies (HAProxy,
 * nginx) close theirs to the peer then, and a peer that still writes is reset before it has read the frame: 1006 again. Jetty closes
 * the connection when the peer's answer comes.
 */
final class OrderlyClose extends Frame implements CloseStatus.Supplier {

    private OrderlyClose(int code, String reason) {
        super(OpCode.CLOSE, CloseStatus.asPayloadBuffer(code, reason));
    }

    /** Queues the close frame; never blocks. The callback tells whether it was written. */
    static void of(CoreSession session, int code, String reason, Callback written) {
        session.sendFrame(new OrderlyClose(code, reason), written, false);
    }

    @Override
    public byte getOpCode() {
        return hasPayload() ? super.getOpCode() : OpCode.PONG; // writing has taken the payload
    }

    @Override
    public CloseStatus getCloseStatus() {
        return CloseStatus.NORMAL_STATUS;
    }
}
