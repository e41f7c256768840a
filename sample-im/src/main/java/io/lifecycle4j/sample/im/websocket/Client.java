package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.jetty.WebSockets;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way to one client: what waits for it to read, and how its connection ends. Nothing here blocks. Thread-safe. */
final class Client {
    private static final Logger LOG = LoggerFactory.getLogger(Client.class);
    // A client that does not answer the close frame within this time is cut.
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final ClientLimits limits;
    private final ImMetrics metrics;
    private final Executor writers;
    private final SendQueue queue;
    private final AtomicInteger pendingSends = new AtomicInteger();
    private volatile Runnable relieved = () -> {};
    private volatile @Nullable Session session; // set once, before anything else happens
    private volatile boolean closed; // by either side, or about to be
    private volatile long closingSince;

    Client(ClientLimits limits, ImMetrics metrics, Executor writers) {
        this.limits = limits;
        this.metrics = metrics;
        this.writers = writers;
        this.queue = new SendQueue(limits, writers, this::write, this::relieve);
    }

    /** Has the action run by each {@link #relieve}. */
    void whenRelieved(Runnable action) {
        relieved = action;
    }

    /** How many of its messages are on their way to the database. */
    AtomicInteger pendingSends() {
        return pendingSends;
    }

    /** To be called when there may be less to do for this client than before. */
    void relieve() {
        relieved.run();
    }

    void opened(Session opened) {
        opened.setIdleTimeout(Duration.ZERO); // writes reset it too, so it would not tell a dead peer: Liveness does
        session = opened;
    }

    ClientLimits limits() {
        return limits;
    }

    SendQueue queue() {
        return queue;
    }

    boolean isClosed() {
        return closed;
    }

    /** Asks Jetty for the next frame. */
    void demand() {
        session().demand();
    }

    /** Queues a frame; a client that has left too many unread is closed, as slow. */
    void send(ServerFrame frame) {
        if (frame instanceof ServerFrame.Nack nack) {
            metrics.declined(nack.code());
        } else if (frame instanceof ServerFrame.Problem problem) {
            metrics.declined(problem.code());
        }
        push(Json.encode(frame));
    }

    /** As {@link #send}; the buffer may be shared by many. */
    void push(ByteBuffer frame) {
        if (!queue.offer(frame)) {
            queue.close();
            writers.execute(() -> close(CloseCode.OVERLOAD, "slow reader"));
        }
    }

    void ping(ByteBuffer payload) {
        session().sendPing(payload, org.eclipse.jetty.websocket.api.Callback.NOOP);
    }

    /** Ends the connection of a client that is to come back at once, and to go on where it is. */
    void sendAway() {
        writers.execute(() -> close(CloseCode.RESTART, "resume"));
    }

    private void write(ByteBuffer frame, boolean moreFollow, Runnable done) {
        WebSockets.sendText(session(), frame, moreFollow, Callback.from(done, failure -> done.run()));
    }

    /** Closes once; what was queued before goes first, and the peer has a time to answer. */
    void close(CloseCode code, String reason) {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            closingSince = System.nanoTime();
        }
        LOG.debug("A client is closed: {} {}", code.number(), reason);
        metrics.closed(code);
        queue.handOver();
        queue.close();
        WebSockets.close(session(), code.number(), reason);
        relieve(); // a paused client must be read again, or its close frame is never seen
    }

    /** Notes that the connection has ended. */
    void ended() {
        closed = true;
        queue.close();
    }

    /** Ends the connection without a word. */
    void cut() {
        closed = true;
        session().disconnect();
    }

    /** Cuts a client whose answer to our close is overdue. */
    void cutIfOverdue(long now) {
        if (closingSince != 0 && now - closingSince > CLOSE_LIMIT.toNanos()) {
            cut();
        }
    }

    private Session session() {
        Session opened = session;
        if (opened == null) {
            throw new IllegalStateException("not open yet");
        }
        return opened;
    }
}
