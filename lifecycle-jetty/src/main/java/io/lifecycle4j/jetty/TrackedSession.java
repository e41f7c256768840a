package io.lifecycle4j.jetty;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.AbstractExtension;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.Extension;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.IncomingFrames;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.OutgoingEntry;
import org.eclipse.jetty.websocket.core.OutgoingFrames;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a WebSocket session so that nothing queued is lost, and a peer that answers sees the close code. Stands between the session and
 * its connection for the frames that are sent, and between the connection and the listener for the frames that are received.
 *
 * <p>Jetty's own close with a code such as 1001 or 1012 drops what is queued, and closes the connection without waiting for the peer. What
 * the peer has sent and Jetty has not read then resets the connection, and the peer sees 1006. After an ordinary close, the same happens
 * if a listener throws, or if a framework closes the session after a failure.
 *
 * <p>Here a close is a mark: a frame that is queued like any other, and replaced by the close frame when it leaves the session. For Jetty
 * the session is open before the mark and after it. Once the mark is queued:
 *
 * <ul>
 *   <li>frames that are sent later are dropped, as RFC 6455, section 5.5.1 demands. Their callbacks succeed, since a failure would fail
 *       Jetty's whole queue with the close frame, and each listener that sends;
 *   <li>a close by the session itself, as an answer or after a failure, is held until the close frame is written and the peer's
 *       has come;
 *   <li>a listener that fails does not end the session, and frames are read until the peer's close frame comes.
 * </ul>
 *
 * <p>The states of the close are: not TOLD, TOLD (the mark is queued), MARKED (the mark has left), WRITTEN; and, independent of these,
 * ANSWERED. The race of a close that is held against the last of WRITTEN and ANSWERED: each is set under the lock of {@code held} and
 * then looks for the others, so the last one releases the close. The lock is not held while Jetty is called.
 */
final class TrackedSession implements IncomingFrames, OutgoingFrames, UpgradedConnections.Goodbye {
    private static final Logger LOG = LoggerFactory.getLogger("io.lifecycle4j.jetty");

    private final WebSocketCoreSession session;
    private final IncomingFrames listener;
    private final OutgoingFrames connection;
    private final WebSocketOptions options;
    private volatile boolean told;
    private volatile boolean marked;

    @GuardedBy("held")
    private final List<Callback> held = new ArrayList<>();

    @GuardedBy("held")
    private boolean written;

    @GuardedBy("held")
    private boolean answered;

    @GuardedBy("held")
    private boolean over;

    private TrackedSession(
            WebSocketCoreSession session,
            IncomingFrames listener,
            OutgoingFrames connection,
            WebSocketOptions options) {
        this.session = session;
        this.listener = listener;
        this.connection = connection;
        this.options = options;
    }

    /**
     * Tracks a session, and returns the tracked one; the options of the first call hold. Returns null if the session has an extension of a
     * kind that is not Jetty's, whose place in the chain of frames cannot be found.
     */
    static @Nullable TrackedSession of(WebSocketCoreSession session, WebSocketOptions options) {
        ExtensionStack stack = session.getExtensionStack();
        List<Extension> extensions = stack.getExtensions();
        int last = extensions.size() - 1;
        if (!extensions.stream().allMatch(AbstractExtension.class::isInstance)) {
            return null;
        }
        IncomingFrames listener =
                last < 0 ? stack.getNextIncoming() : ((AbstractExtension) extensions.get(last)).getNextIncoming();
        if (listener instanceof TrackedSession tracked) {
            return tracked;
        }
        OutgoingFrames connection =
                last < 0 ? stack.getNextOutgoing() : ((AbstractExtension) extensions.get(0)).getNextOutgoing();
        TrackedSession tracked = new TrackedSession(session, listener, connection, options);
        stack.initialize(tracked, tracked, session);
        return tracked;
    }

    @Override
    public void send() {
        // From now on the drain's limit is the only one.
        session.setIdleTimeout(Duration.ZERO);
        close(options.closeCode, options.closeReason);
    }

    /** Queues the mark of a close, unless one is queued already; never blocks. */
    void close(int code, String reason) {
        synchronized (held) {
            if (told) {
                return;
            }
            told = true;
        }
        session.sendFrame(new Mark(CloseStatus.asPayloadBuffer(code, reason)), Callback.from(this::written), false);
    }

    private void written() {
        synchronized (held) {
            written = true;
        }
        releaseIfOver();
    }

    @Override
    public void connectionClosed() {
        takeHeld().forEach(callback -> callback.failed(new ClosedChannelException()));
    }

    @Override
    public void sendFrame(OutgoingEntry entry) {
        Frame frame = entry.getFrame();
        if (frame instanceof Mark) {
            marked = true;
            Frame close = new CloseFrame(frame.getPayload());
            connection.sendFrame(new OutgoingEntry.Builder(entry).frame(close).build());
        } else if (!marked) {
            connection.sendFrame(entry);
        } else if (frame.getOpCode() == OpCode.CLOSE) {
            hold(entry.getCallback());
        } else {
            entry.getCallback().succeeded();
        }
    }

    private void hold(Callback close) {
        synchronized (held) {
            held.add(close);
        }
        releaseIfOver();
    }

    private void releaseIfOver() {
        synchronized (held) {
            over |= written && answered;
            if (!over) {
                return;
            }
        }
        // At this, Jetty closes the connection.
        takeHeld().forEach(Callback::succeeded);
    }

    private List<Callback> takeHeld() {
        synchronized (held) {
            over = true;
            List<Callback> all = List.copyOf(held);
            held.clear();
            return all;
        }
    }

    @Override
    public void onFrame(Frame frame, Callback callback) {
        if (frame.getOpCode() == OpCode.CLOSE) {
            synchronized (held) {
                answered = true;
            }
            releaseIfOver();
            listener.onFrame(frame, callback);
        } else {
            listener.onFrame(frame, frame.isDataFrame() || told ? new Guarded(callback) : callback);
        }
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
                // A listener that has failed demands no further frame.
                session.demand();
            } catch (IllegalStateException demanded) {
                // This listener has demanded one before it failed.
            }
        }
    }

    /** Marks the place of a close in the queue. For Jetty it is a PING, which closes nothing. */
    private static final class Mark extends Frame {
        Mark(ByteBuffer payload) {
            super(OpCode.PING, payload);
        }
    }

    /**
     * A close frame that keeps Jetty from ending the connection. Its status for Jetty is NORMAL, so that Jetty keeps what is queued. Once
     * its head is written, its opcode for Jetty is PONG, since Jetty half-closes a connection after a close frame: proxies
     * (HAProxy, nginx) then close their connection to the peer, and a peer that still writes is reset before it has read the frame.
     */
    private static final class CloseFrame extends Frame implements CloseStatus.Supplier {
        // Jetty has taken the payload, and has written the head before.
        private boolean taken;

        CloseFrame(ByteBuffer payload) {
            super(OpCode.CLOSE, payload);
        }

        @Override
        public ByteBuffer getPayload() {
            taken = true;
            return super.getPayload();
        }

        @Override
        public byte getOpCode() {
            return taken ? OpCode.PONG : super.getOpCode();
        }

        @Override
        public String toString() {
            // The superclass would take the payload; Jetty logs frames.
            return "CLOSE";
        }

        @Override
        public CloseStatus getCloseStatus() {
            return CloseStatus.NORMAL_STATUS;
        }
    }
}
