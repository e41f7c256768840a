package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.RequestGate;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The rooms and who is in them. Thread-safe. */
final class ChatHub implements AutoCloseable {
    static final Duration HEARTBEAT = Duration.ofSeconds(10);

    private static final Duration RETRY_FIRST = Duration.ofMillis(500);
    private static final Duration RETRY_SPREAD = Duration.ofMillis(1_500);

    /** The sessions in one room. Deliveries and joins take turns under its monitor, so no message falls between them. */
    static final class Room {
        private final String name;
        private final Set<ChatSession> members = ConcurrentHashMap.newKeySet();

        Room(String name) {
            this.name = name;
        }

        String name() {
            return name;
        }
    }

    private final MessageStore store;
    private final ReadReceipts receipts;
    private final Tokens tokens;
    private final RequestGate sends;
    private final String node = ProcessHandle.current().pid() + "@" + hostName();
    private final ConcurrentMap<String, Room> rooms = new ConcurrentHashMap<>();
    private final Set<ChatSession> sessions = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService heartbeat = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "im-client-heartbeat");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * @param sends counts messages on open sockets as the gate of a server counts requests
     */
    ChatHub(MessageStore store, ReadReceipts receipts, Tokens tokens, RequestGate sends) {
        this.store = store;
        this.receipts = receipts;
        this.tokens = tokens;
        this.sends = sends;
        var unused = heartbeat.scheduleAtFixedRate(
                () -> sessions.forEach(ChatSession::ping),
                HEARTBEAT.toMillis(),
                HEARTBEAT.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    MessageStore store() {
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

    String node() {
        return node;
    }

    int size() {
        return sessions.size();
    }

    Room room(String name) {
        return rooms.computeIfAbsent(name, Room::new);
    }

    void opened(ChatSession session) {
        sessions.add(session);
    }

    void closed(ChatSession session, Iterable<String> joined) {
        sessions.remove(session);
        joined.forEach(name -> room(name).members.remove(session));
    }

    /** Runs the join with the room's deliveries held back, then lets the session have them. */
    void join(Room room, ChatSession session, Runnable join) {
        synchronized (room) {
            join.run();
            room.members.add(session);
        }
        if (!session.isOpen()) { // closed meanwhile, and perhaps too early to be found in the room
            room.members.remove(session);
        }
    }

    /** Sends a stored message to all who are in its room. */
    void deliver(ChatMessage message) {
        Room room = room(message.room());
        ObjectNode frame = Json.message(message).put("t", "message");
        String text = frame.toString();
        synchronized (room) {
            room.members.forEach(session -> session.deliver(message, text));
        }
    }

    /** Tells every client that the server goes away, and when to come back: each at a time of its own. */
    void goingAway(Duration deadline) {
        for (ChatSession session : sessions) {
            long retry = RETRY_FIRST.toMillis() + ThreadLocalRandom.current().nextLong(RETRY_SPREAD.toMillis());
            session.send(Json.frame("going_away")
                    .put("reason", "restart")
                    .put("retry_after_ms", retry)
                    .put("deadline_ms", deadline.toMillis()));
        }
    }

    @Override
    public void close() {
        heartbeat.shutdownNow();
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
