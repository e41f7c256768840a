package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * One user in one room, who speaks im.v1 as docs/im-protocol.md says: answers pings, and comes back when told to, with growing
 * delays if not told. For the thread of its connection only.
 */
final class ImClient implements WebSocketListener {
    private static final long UNTOLD = -1;
    private static final long FIRST_BACKOFF_MILLIS = 250; // both as the sample's page has them
    private static final long MOST_BACKOFF_MILLIS = 5_000;

    /** What the crowd to which the client belongs is told. */
    interface Crowd {
        /** The client is in its room; for the first time, or again and with what it missed. */
        void joined(ImClient client, boolean recovered);

        /** The server is going away. */
        void told(ImClient client);

        /** The message with this id is stored. */
        void acknowledged(long id);

        /** A message that somebody in the room sent. */
        void message();

        /** The server declined a message. */
        void declined();

        /** The server declined a join, which is tried again. */
        void notJoined();

        /** The connection is gone; one that was in its room, if so said. */
        void gone(ImClient client, boolean joined, int code, String reason);
    }

    private final WebSocketClients clients;
    private final String user;
    private final String token;
    private final String room;
    private final Crowd crowd;
    private @Nullable WebSocketClient connection;
    private boolean joined;
    private String epoch = "";
    private long seq;
    private long retryMillis = UNTOLD;
    private int losses;

    ImClient(WebSocketClients clients, String user, String token, String room, Crowd crowd) {
        this.clients = clients;
        this.user = user;
        this.token = token;
        this.room = room;
        this.crowd = crowd;
    }

    @Override
    public void opened(WebSocketClient opened) {
        connection = opened;
        opened.send("{\"t\":\"hello\",\"id\":1,\"v\":1,\"client\":\"benchmarks\",\"token\":\"" + token + "\"}");
    }

    @Override
    public void text(WebSocketClient from, ByteBuffer frame) {
        switch (ImFrame.type(frame)) {
            case 'w' -> from.send(join());
            case 'j' -> {
                epoch = ImFrame.text(frame, ImFrame.EPOCH);
                seq = ImFrame.number(frame, ImFrame.HEAD);
                joined = true;
                losses = 0;
                crowd.joined(this, ImFrame.isTrue(frame, ImFrame.RECOVERED));
            }
            case 'm' -> {
                seq = ImFrame.number(frame, ImFrame.SEQ);
                crowd.message();
            }
            case 'a' -> crowd.acknowledged(ImFrame.number(frame, ImFrame.RE));
            case 'p' -> from.send("{\"t\":\"pong\"}");
            case 'g' -> {
                retryMillis = ImFrame.number(frame, ImFrame.RETRY_AFTER);
                crowd.told(this);
            }
            case 'e' -> { // only a join is declined so
                crowd.notJoined();
                clients.after(Duration.ofMillis(ImFrame.number(frame, ImFrame.RETRY)), () -> from.send(join()));
            }
            case 'n' -> crowd.declined();
            default -> throw new IllegalStateException(ImFrame.string(frame));
        }
    }

    private String join() {
        String after = epoch.isEmpty() ? "" : ",\"after\":{\"epoch\":\"" + epoch + "\",\"seq\":" + seq + "}";
        return "{\"t\":\"join\",\"id\":2,\"room\":\"" + room + "\"" + after + "}";
    }

    /** Sends a message whose acknowledgement bears this id; it is not sent by who has no connection. */
    void say(long id, String text) {
        if (connection != null) {
            connection.send("{\"t\":\"send\",\"id\":" + id + ",\"room\":\"" + room + "\",\"cid\":\"" + user + "-" + id
                    + "\",\"text\":\"" + text + "\"}");
        }
    }

    @Override
    public void closed(WebSocketClient ended, int code, String reason) {
        boolean wasJoined = joined;
        joined = false;
        connection = null;
        crowd.gone(this, wasJoined, code, reason);
    }

    /** How long to wait before the next connection: what the server said, else longer each time; never all at once. */
    Duration delay() {
        long random = ThreadLocalRandom.current().nextLong(FIRST_BACKOFF_MILLIS);
        if (retryMillis != UNTOLD) {
            long told = retryMillis;
            retryMillis = UNTOLD;
            return Duration.ofMillis(told + random);
        }
        long most = Math.min(MOST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(losses++, 10));
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most));
    }
}
