package io.lifecycle4j.sample.im;

import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;

/**
 * A close frame that says its code to the peer and NORMAL to Jetty, which for 1013 would drop what is queued and close the
 * connection at once: bytes that the peer still sends then reset it, and the peer sees 1006.
 */
final class CloseFrame extends Frame implements CloseStatus.Supplier {

    CloseFrame(int code, String reason) {
        super(OpCode.CLOSE, CloseStatus.asPayloadBuffer(code, reason));
    }

    @Override
    public CloseStatus getCloseStatus() {
        return CloseStatus.NORMAL_STATUS;
    }
}
