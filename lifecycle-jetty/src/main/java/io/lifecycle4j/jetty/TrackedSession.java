package io.lifecycle4j.jetty;

import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.AbstractExtension;
import org.eclipse.jetty.websocket.core.Extension;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.IncomingFrames;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A WebSocket session that can be told to close. It stands between the session and its listener, and sees the peer's close frame.
 *
 * <p>A listener may fail once its client was told: what it sends in answer to a message cannot be sent any more, and a blocking send
 * throws. Jetty would close the connection at once, with all that is queued for the client and the close frame itself. Here
 * such a failure ends nothing, and frames are read until the client's answer comes.
 */
final class TrackedSession implements IncomingFrames, UpgradedConnections.Farewell {
    private static final Logger LOG = LoggerFactory.getLogger("io.lifecycle4j.jetty");

    private final WebSocketCoreSession session;
    private final WebSocketOptions options;
    private final IncomingFrames listener;
    private volatile boolean told;
    private volatile boolean answered;

    private TrackedSession(WebSocketCoreSession session, WebSocketOptions options, IncomingFrames listener) {
        this.session = session;
        this.options = options;
        this.listener = listener;
    }

    /** Tracks a session that reads no frame yet. */
    static TrackedSession of(WebSocketCoreSession session, WebSocketOptions options) {
        ExtensionStack stack = session.getExtensionStack();
        List<Extension> extensions = stack.getExtensions();
        if (extensions.isEmpty()) {
            TrackedSession tracked = new TrackedSession(session, options, stack.getNextIncoming());
            stack.initialize(tracked, stack.getNextOutgoing(), session);
            return tracked;
        }
        AbstractExtension last = (AbstractExtension) extensions.get(extensions.size() - 1);
        TrackedSession tracked = new TrackedSession(session, options, last.getNextIncoming());
        last.setNextIncomingFrames(tracked);
        return tracked;
    }

    @Override
    public void say(Callback written) {
        told = true;
        session.setIdleTimeout(Duration.ZERO); // from now on the drain's limit is the only one
        OrderlyClose.of(session, options.closeCode, options.closeReason, written);
    }

    @Override
    public boolean isAnswered() {
        return answered;
    }

    @Override
    public void onFrame(Frame frame, Callback callback) {
        answered |= frame.getOpCode() == OpCode.CLOSE;
        listener.onFrame(frame, frame.isDataFrame() ? new Guarded(callback) : callback);
    }

    private final class Guarded extends Callback.Nested {
        Guarded(Callback callback) {
            super(callback);
        }

        @Override
        public void failed(Throwable failure) {
            if (!told) {
                super.failed(failure);
                return;
            }
            LOG.debug("A WebSocket listener failed after its client was told to close", failure);
            succeeded();
            try {
                session.demand(); // a listener that has failed asks for no further frame
            } catch (IllegalStateException demanded) { // this one has
            }
        }
    }
}
