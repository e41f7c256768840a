package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.RequestGate;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.mongo.MongoStorage;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open sessions, and what is said to all of them. Thread-safe. */
public final class ChatSessions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChatSessions.class);
    private static final Duration RETRY_FIRST = Duration.ofMillis(500);
    private static final Duration RETRY_SPREAD = Duration.ofMillis(1_500);
    private static final Duration MOST_RETRY_SPREAD = Duration.ofSeconds(15);
    private static final Duration MOST_TICK = Duration.ofSeconds(1);
    private static final Duration ACTIVITY = Duration.ofSeconds(1);
    private static final int WRITERS = 2;

    private final MongoStorage storage;
    private final Rooms rooms;
    private final RequestGate sends;
    private final ClientLimits limits;
    private final ImMetrics metrics;
    private final Set<ChatSession> sessions = ConcurrentHashMap.newKeySet();
    private final ExecutorService writers = Executors.newFixedThreadPool(WRITERS, DaemonThreads.named("im-writer"));
    private final ScheduledExecutorService ticker =
            Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("im-client-heartbeat"));

    /**
     * @param sends counts messages on open sockets as the gate of a server counts requests
     */
    public ChatSessions(MongoStorage storage, Rooms rooms, RequestGate sends, ClientLimits limits, ImMetrics metrics) {
        this.storage = storage;
        this.rooms = rooms;
        this.sends = sends;
        this.limits = limits;
        this.metrics = metrics;
        long tick = Math.min(MOST_TICK.toMillis(), Math.max(1, limits.heartbeat.toMillis() / 4));
        every(tick, this::tick);
        every(ACTIVITY.toMillis(), this::tellActivity);
    }

    private void every(long millis, Runnable action) {
        var unused = ticker.scheduleWithFixedDelay(action, millis, millis, TimeUnit.MILLISECONDS);
    }

    ClientLimits limits() {
        return limits;
    }

    public int size() {
        return sessions.size();
    }

    /** A value of each session. */
    public LongStream each(ToLongFunction<ChatSession> value) {
        return sessions.stream().mapToLong(value);
    }

    /** Makes the session of a client whose connection is about to open. */
    ChatSession newSession() {
        Client client = new Client(limits, metrics, writers);
        ClientRooms joined = new ClientRooms(client, rooms, storage.epoch());
        ClientSends said = new ClientSends(client, rooms, sends, metrics);
        Conversation conversation = new Conversation(client, storage.tokens(), joined, said, storage.receipts());
        return new ChatSession(client, conversation, metrics, sessions);
    }

    /** Tells every client that the server goes away, and when to come back: each at a time of its own. */
    public void goingAway(String reason, boolean handedOver, Duration deadline) {
        // Where the listening socket outlives this process, an early client waits in its queue and is not refused.
        long first = handedOver ? 0 : RETRY_FIRST.toMillis();
        long least = handedOver ? 1 : RETRY_SPREAD.toMillis();
        long spread = Math.max(least, Math.min(MOST_RETRY_SPREAD.toMillis(), sessions.size()));
        for (ChatSession session : sessions) {
            long retry = first + ThreadLocalRandom.current().nextLong(spread);
            session.client().send(new ServerFrame.GoingAway(reason, retry, deadline.toMillis()));
        }
    }

    /** Sends every client a frame. */
    public void tellAll(ServerFrame frame) {
        sessions.forEach(session -> session.client().send(frame));
    }

    /** Gives Jetty all that is queued, so that it is written before the close frames. */
    public void handOver() {
        sessions.forEach(session -> session.queue().handOver());
    }

    private void tick() {
        long now = System.nanoTime();
        for (ChatSession session : sessions) {
            try {
                session.tick(now);
            } catch (RuntimeException e) { // one that got out would end the ticks of all
                LOG.warn("A session could not be looked after", e);
            }
        }
    }

    /** Nothing is told while the server drains: all are about to leave. */
    private void tellActivity() {
        try {
            if (!sends.isDraining()) {
                rooms.tellActivity(Json::encodeActivity);
            }
        } catch (RuntimeException e) { // as above
            LOG.warn("What happens in the rooms could not be told", e);
        }
    }

    @Override
    public void close() {
        ticker.shutdownNow();
        writers.shutdown();
    }
}
