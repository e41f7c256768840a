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
 * A WebSocket session that can be closed so that nothing queued is lost, and a peer that answers sees the code. Stands between the
 * session and its connection, and between the connection's frames and the listener.
 *
 * <p>Jetty's own close, with a code such as 1001 or 1012, drops what is queued and closes the connection without waiting for the peer,
 * whose unread bytes then reset it: the peer sees 1006. After an ordinary close, a listener that throws does the same, and so does
 * a framework that closes the session after a failure.
 *
 * <p>Here a close is a mark that goes the way of all frames, behind what is queued, and becomes the close frame where it leaves the
 * session. For Jetty the session is open until then and after it. From the mark on:
 *
 * <ul>
 *   <li>whatever is sent later is dropped, as RFC 6455, section 5.5.1, wants it. It does not fail: Jetty's queue would fail with it, close
 *       frame and all, and so would each listener that sends;
 *   <li>a close of the session's, an answer or the end after a failure, is held until the frame is written and the peer's
 *       has come;
 *   <li>a listener that fails ends nothing, and frames are read until the peer's answer comes.
 * </ul>
 *
 * <p>States of the close: not TOLD, TOLD (the mark is queued), MARKED (the mark has left), WRITTEN, and, apart from them, ANSWERED. The
 * race of a close that is to be held against the last of WRITTEN and ANSWERED: both under the lock of {@code held}, which is
 * not kept while Jetty is called.
 */
final class TrackedSession implements IncomingFrames, OutgoingFrames, UpgradedConnections.Farewell {
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
     * Returns the tracked session of the given one, which is tracked from now on if it was not; the options are the first call's. Null
     * if it has an extension of a user's own making, which cannot be seen through.
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
    public void say() {
        session.setIdleTimeout(Duration.ZERO); // from now on the drain's limit is the only one
        close(options.closeCode, options.closeReason);
    }

    /** Queues a close frame, unless one is queued already; never blocks. */
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
    public void closed() {
        List<Callback> left = drainHeld();
        left.forEach(callback -> callback.failed(new ClosedChannelException()));
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
        drainHeld().forEach(Callback::succeeded); // Jetty closes the connection
    }

    private List<Callback> drainHeld() {
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
                session.demand(); // a listener that has failed asks for no further frame
            } catch (IllegalStateException demanded) { // this one has
            }
        }
    }

    /** Passes as a control frame that closes nothing. */
    private static final class Mark extends Frame {
        Mark(ByteBuffer payload) {
            super(OpCode.PING, payload);
        }
    }

    /**
     * A close frame that says NORMAL to Jetty, which then keeps what is queued, and which is none any more once it is written: Jetty would
     * half-close the connection after it. Proxies (HAProxy, nginx) close theirs to the peer then, and a peer that still writes is reset
     * before it has read the frame.
     */
    private static final class CloseFrame extends Frame implements CloseStatus.Supplier {
        private boolean taken; // by Jetty, which has written the head by then

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
        public String toString() { // for Jetty's log; the superclass takes the payload
            return "CLOSE";
        }

        @Override
        public CloseStatus getCloseStatus() {
            return CloseStatus.NORMAL_STATUS;
        }
    }
}
