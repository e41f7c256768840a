package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.RequestGate;
import io.lifecycle4j.sample.im.chat.MessageStore;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.mongo.ReadReceipts;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol.ServerFrame;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open sessions, and what they share. Thread-safe. */
public final class ChatHub implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChatHub.class);
    private static final Duration RETRY_FIRST = Duration.ofMillis(500);
    private static final Duration RETRY_SPREAD = Duration.ofMillis(1_500);
    private static final Duration MOST_RETRY_SPREAD = Duration.ofSeconds(15);
    private static final Duration MOST_TICK = Duration.ofSeconds(1);
    private static final int WRITERS = 2;

    private final MessageStore store;
    private final ReadReceipts receipts;
    private final Tokens tokens;
    private final RequestGate sends;
    private final ClientLimits limits;
    private final ImMetrics metrics;
    private final String epoch;
    private final String node = ProcessHandle.current().pid() + "@" + hostName();
    private final AtomicLong sessionIds = new AtomicLong();
    private final Rooms rooms;
    private final Set<ChatSession> sessions = ConcurrentHashMap.newKeySet();
    private final ExecutorService writers = Executors.newFixedThreadPool(WRITERS, DaemonThreads.named("im-writer"));
    private final ScheduledExecutorService ticker =
            Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("im-client-heartbeat"));

    /**
     * @param sends counts messages on open sockets as the gate of a server counts requests
     * @param epoch names the history: sequences of one say nothing in another
     */
    public ChatHub(
            MessageStore store,
            Rooms rooms,
            ReadReceipts receipts,
            Tokens tokens,
            RequestGate sends,
            ClientLimits limits,
            ImMetrics metrics,
            String epoch) {
        this.store = store;
        this.rooms = rooms;
        this.receipts = receipts;
        this.tokens = tokens;
        this.sends = sends;
        this.limits = limits;
        this.metrics = metrics;
        this.epoch = epoch;
        long tick =
                Math.min(MOST_TICK.toMillis(), Math.max(1, limits.heartbeat().toMillis() / 4));
        var unused = ticker.scheduleWithFixedDelay(this::tick, tick, tick, TimeUnit.MILLISECONDS);
    }

    public MessageStore store() {
        return store;
    }

    ReadReceipts receipts() {
        return receipts;
    }

    Tokens tokens() {
        return tokens;
    }

    RequestGate sends() {
        return sends;
    }

    ClientLimits limits() {
        return limits;
    }

    ImMetrics metrics() {
        return metrics;
    }

    public String epoch() {
        return epoch;
    }

    public String node() {
        return node;
    }

    /** Where frames are handed to Jetty. */
    Executor writers() {
        return writers;
    }

    String nextSessionId() {
        return node + "-" + sessionIds.incrementAndGet();
    }

    public Collection<ChatSession> sessions() {
        return Collections.unmodifiableSet(sessions);
    }

    public int size() {
        return sessions.size();
    }

    public Rooms rooms() {
        return rooms;
    }

    void opened(ChatSession session) {
        sessions.add(session);
    }

    void closed(ChatSession session) {
        sessions.remove(session);
    }

    /** Tells every client that the server goes away, and when to come back: each at a time of its own. */
    public void goingAway(String reason, boolean handedOver, Duration deadline) {
        // Where the listening socket outlives this process, an early client waits in its queue and is not refused.
        long first = handedOver ? 0 : RETRY_FIRST.toMillis();
        long least = handedOver ? 1 : RETRY_SPREAD.toMillis();
        long spread = Math.max(least, Math.min(MOST_RETRY_SPREAD.toMillis(), sessions.size()));
        for (ChatSession session : sessions) {
            long retry = first + ThreadLocalRandom.current().nextLong(spread);
            session.send(Json.frame(ServerFrame.GOING_AWAY)
                    .put("reason", reason)
                    .put("retry_after_ms", retry)
                    .put("deadline_ms", deadline.toMillis()));
        }
    }

    /** Gives Jetty all that is queued, so that it is written before the close frames. */
    public void handOver() {
        sessions.forEach(ChatSession::handOver);
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

    @Override
    public void close() {
        ticker.shutdownNow();
        writers.shutdown();
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
