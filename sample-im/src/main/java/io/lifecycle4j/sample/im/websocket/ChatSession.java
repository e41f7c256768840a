package io.lifecycle4j.sample.im.websocket;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.jetty.WebSockets;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.protocol.BadFrameException;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: how fast it may speak, whether it still lives, what waits for it, and how it ends. What its frames
 * mean is with {@link ChatRequests}.
 *
 * <p>The next frame is read when we ask for it, so a client whose messages wait for the database, or that does not take its
 * answers, waits itself. Frames come one after another, on Jetty's threads. Public, or Jetty cannot call it.
 */
public final class ChatSession implements Session.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(ChatSession.class);
    // A client that does not read the close frame either is cut.
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final ChatHub hub;
    private final ClientLimits limits;
    private final TokenBucket frames;
    private final SendQueue queue;
    private final ChatRequests requests;
    private final long openedAt = System.nanoTime();
    private @Nullable Session session; // set once, before anything else happens
    private boolean paused; // under this
    private volatile boolean greeted;
    private volatile boolean closed; // by either side, or about to be
    private volatile long closingSince;
    private volatile long heardAt = openedAt;
    private volatile long pingedAt = openedAt;
    private volatile long roundTripNanos;

    ChatSession(ChatHub hub) {
        this.hub = hub;
        this.limits = hub.limits();
        this.frames =
                new TokenBucket(limits.frameRate(), limits.frameRate() * ClientLimits.BURST_SECONDS, System::nanoTime);
        this.queue = new SendQueue(limits, hub.writers(), this::write, this::resume);
        this.requests = new ChatRequests(hub, this);
    }

    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
        opened.setIdleTimeout(Duration.ZERO); // writes reset it too, so it would not tell a dead peer: tick() does
        hub.opened(this);
        opened.demand();
    }

    @Override
    public void onWebSocketText(String text) {
        heardAt = System.nanoTime();
        if (closed) {
            session().demand(); // until its close comes
            return;
        }
        hub.metrics().received();
        if (!frames.tryTake()) {
            close(CloseCode.RATE, "more than " + limits.frameRate() + " frames a second");
        } else {
            try {
                requests.receive(text);
            } catch (BadFrameException e) {
                close(CloseCode.PROTOCOL, e.problem());
            }
        }
        readOn();
    }

    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        callback.succeed();
        close(CloseCode.PROTOCOL, "a binary frame (expected: one JSON object as text)");
        session().demand();
    }

    @Override
    public void onWebSocketPong(ByteBuffer payload) {
        long now = System.nanoTime();
        heardAt = now;
        if (payload.remaining() == Long.BYTES && payload.getLong() == pingedAt) {
            roundTripNanos = Math.max(1, now - pingedAt);
            hub.metrics().roundTrip(Duration.ofNanos(roundTripNanos));
        }
        session().demand();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        LOG.debug("A client's connection broke: {}", cause.toString());
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
        closed = true;
        queue.close();
        requests.leaveAll();
        hub.closed(this);
        callback.succeed();
    }

    /** A client that keeps us busy is not read; that makes it wait, and nobody else. */
    private void readOn() {
        synchronized (this) {
            if (isBusy()) {
                paused = true;
                return;
            }
        }
        session().demand();
    }

    /** To be called when there may be less to do for this client than before. */
    void resume() {
        synchronized (this) {
            if (!paused || isBusy()) {
                return;
            }
            paused = false;
            heardAt = System.nanoTime(); // it was we who did not listen
        }
        session().demand();
    }

    private boolean isBusy() {
        return !closed
                && (requests.pendingSends() >= ClientLimits.PENDING_SENDS
                        || queue.bytes() > limits.pausingBytes()
                        || queue.frames() > limits.queueFrames() / 2);
    }

    /** Queues a frame; who has left too many unread is closed, as slow. */
    void send(ObjectNode frame) {
        push(Json.encode(frame));
    }

    /** As {@link #send}; the buffer may be shared by many. */
    void push(ByteBuffer frame) {
        if (!queue.offer(frame)) {
            queue.close();
            hub.writers().execute(() -> close(CloseCode.OVERLOAD, "slow reader"));
        }
    }

    /** Ends the connection of a client that is to come back at once, and to go on where it is. Never blocks. */
    void sendAway() {
        hub.writers().execute(() -> close(CloseCode.RESTART, "resume"));
    }

    /** Gives Jetty what is queued, for it to be written before a close frame. */
    void handOver() {
        queue.handOver();
    }

    private void write(ByteBuffer frame, boolean moreFollow, Runnable done) {
        org.eclipse.jetty.util.Callback callback = org.eclipse.jetty.util.Callback.from(done, failure -> done.run());
        WebSockets.sendText(session(), frame, moreFollow, callback);
    }

    /** The client has said who it is. */
    void greeted() {
        greeted = true;
    }

    boolean isClosed() {
        return closed;
    }

    public SendQueue queue() {
        return queue;
    }

    /** The last ping's, in nanoseconds; 0 before the first pong. */
    public long roundTripNanos() {
        return roundTripNanos;
    }

    /** Looks after this connection; called again and again, never blocks. */
    void tick(long now) {
        if (closed) {
            if (closingSince != 0 && now - closingSince > CLOSE_LIMIT.toNanos()) {
                session().disconnect();
            }
        } else if (!greeted && now - openedAt > limits.helloLimit().toNanos()) {
            close(CloseCode.PROTOCOL, "no hello within " + limits.helloLimit().toSeconds() + " s");
        } else if (queue.isStuck(limits.readLimit())) {
            close(CloseCode.OVERLOAD, "slow reader");
        } else if (!isPaused() && now - heardAt > limits.silenceLimit().toNanos()) {
            LOG.debug(
                    "A client is cut: no sign of life within {} ms",
                    limits.silenceLimit().toMillis());
            hub.metrics().deadPeer();
            closed = true;
            session().disconnect();
        } else if (now - pingedAt > limits.heartbeat().toNanos()) {
            ping(now);
        }
    }

    private synchronized boolean isPaused() {
        return paused;
    }

    /** Twice: the browser answers the protocol's ping, whatever its page does; its page sees only the frame. */
    private void ping(long now) {
        pingedAt = now;
        session().sendPing(ByteBuffer.allocate(Long.BYTES).putLong(now).flip(), Callback.NOOP);
        if (greeted) {
            send(Json.frame(Protocol.ServerFrame.PING));
        }
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
        hub.metrics().closed(code);
        queue.handOver();
        queue.close();
        WebSockets.close(session(), code.number(), reason);
        resume(); // else its own close would not be read
    }

    private Session session() {
        Session opened = session;
        if (opened == null) {
            throw new IllegalStateException("not open yet");
        }
        return opened;
    }
}
