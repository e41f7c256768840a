package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.ChatHub.Room;
import io.lifecycle4j.sample.im.MessageStore.Draft;
import io.lifecycle4j.sample.im.MessageStore.Page;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Pattern;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: reads its frames, answers them, and hands it what is said in its rooms. Frames of one client come
 * one after another, on Jetty's threads; messages to it come from any. Public, or Jetty cannot call it.
 */
public final class ChatSession extends Session.Listener.AbstractAutoDemanding {
    static final int MOST_TEXT_BYTES = 4_096;

    private static final Logger LOG = LoggerFactory.getLogger(ChatSession.class);
    private static final Duration HELLO_LIMIT = Duration.ofSeconds(8);
    private static final Duration SILENCE_LIMIT = Duration.ofSeconds(60);
    private static final Pattern ROOM = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}");
    private static final int MOST_ID_LENGTH = 64;
    private static final int JOIN_PAGE = 300;
    private static final int BAD_TOKEN = 4500;
    private static final int PROTOCOL = 4501;
    private static final String STORE_RETRY_FIELD = "retry_ms";

    private final ChatHub hub;
    private final ConcurrentMap<String, Long> joined = new ConcurrentHashMap<>(); // with the last sequence sent
    private @Nullable String user; // set by hello, on the thread that reads

    ChatSession(ChatHub hub) {
        this.hub = hub;
    }

    @Override
    public void onWebSocketOpen(Session session) {
        super.onWebSocketOpen(session);
        session.setIdleTimeout(HELLO_LIMIT);
        hub.opened(this);
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
        hub.closed(this, joined.keySet());
        callback.succeed();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        LOG.debug("A client's connection broke", cause);
    }

    @Override
    public void onWebSocketText(String text) {
        try {
            JsonNode frame = Json.parse(text);
            if (!frame.isObject()) {
                reject("a frame is one JSON object");
                return;
            }
            receive(frame);
        } catch (JsonProcessingException e) {
            reject("a frame is one JSON object");
        }
    }

    private void receive(JsonNode frame) {
        String type = frame.path("t").asText();
        String speaker = user;
        if (type.equals("hello")) {
            hello(frame);
        } else if (speaker == null) {
            reject("the first frame is hello");
        } else {
            switch (type) {
                case "join" -> join(frame);
                case "send" -> accept(frame, speaker);
                case "history" -> history(frame);
                case "received" -> received(frame, speaker);
                case "pong" -> {}
                default -> reject("unknown type of frame");
            }
        }
    }

    private void hello(JsonNode frame) {
        user = hub.tokens().user(frame.path("token").textValue());
        if (user == null) {
            close(BAD_TOKEN, "bad token");
            return;
        }
        getSession().setIdleTimeout(SILENCE_LIMIT);
        ObjectNode welcome = answer("welcome", frame)
                .put("session", Integer.toHexString(System.identityHashCode(this)))
                .put("user", user)
                .put("node", hub.node())
                .put("heartbeat_ms", ChatHub.HEARTBEAT.toMillis());
        welcome.putObject("limits").put("text_bytes", MOST_TEXT_BYTES);
        send(welcome);
    }

    private void join(JsonNode frame) {
        String name = frame.path("room").asText();
        if (!ROOM.matcher(name).matches()) {
            send(answer("error", frame).put("code", "forbidden").put("message", "no name for a room: '" + name + "'"));
            return;
        }
        Room room = hub.room(name);
        try {
            hub.join(room, this, () -> sendJoined(frame, room));
        } catch (StoreException e) {
            send(answer("error", frame)
                    .put("code", "store")
                    .put("message", "try again")
                    .put(STORE_RETRY_FIELD, 1_000));
        }
    }

    private void sendJoined(JsonNode frame, Room room) {
        long after = frame.path("after").path("seq").asLong(-1);
        Page page = after < 0 ? newest(room) : hub.store().after(room.name(), after, JOIN_PAGE);
        boolean recovered = after >= 0 && after <= page.head() && !page.more();
        if (after >= 0 && !recovered) {
            page = newest(room);
        }
        joined.put(room.name(), page.head());
        send(answer("joined", frame)
                .put("room", room.name())
                .put("epoch", "1")
                .put("head", page.head())
                .put("recovered", recovered)
                .put("more", page.more())
                .set("messages", Json.messages(page.messages())));
    }

    private Page newest(Room room) {
        return hub.store().before(room.name(), Long.MAX_VALUE, JOIN_PAGE);
    }

    /** Takes a message: acknowledged when it is stored, never before; counted in flight until then. */
    private void accept(JsonNode frame, String speaker) {
        String room = frame.path("room").asText();
        String clientId = frame.path("cid").asText();
        String text = frame.path("text").asText();
        if (!joined.containsKey(room) || clientId.isEmpty() || clientId.length() > MOST_ID_LENGTH || text.isBlank()) {
            send(nack(frame, "forbidden", 0));
        } else if (text.getBytes(StandardCharsets.UTF_8).length > MOST_TEXT_BYTES) {
            send(nack(frame, "too_large", 0));
        } else if (!hub.sends().tryEnter()) {
            send(nack(frame, "draining", 1_000));
        } else {
            var unused = hub.store()
                    .append(new Draft(room, speaker, clientId, text))
                    .whenComplete((stored, failure) -> {
                        try {
                            answer(frame, stored, failure);
                        } finally {
                            hub.sends().leave();
                        }
                    });
        }
    }

    private void answer(JsonNode frame, MessageStore.@Nullable Stored stored, @Nullable Throwable failure) {
        if (stored == null) {
            LOG.debug("A message was not stored", failure);
            send(nack(frame, "store", 1_000));
            return;
        }
        ChatMessage message = stored.message();
        send(answer("ack", frame)
                .put("room", message.room())
                .put("cid", message.clientId())
                .put("seq", message.seq())
                .put("msg_id", message.id())
                .put("created_at", message.createdAt().toEpochMilli())
                .put("dup", stored.duplicate()));
        hub.deliver(message); // a duplicate too: it may be news here, after a write that seemed to have failed
    }

    private static ObjectNode nack(JsonNode frame, String code, long retryMillis) {
        return answer("nack", frame)
                .put("cid", frame.path("cid").asText())
                .put("code", code)
                .put("retry", retryMillis > 0)
                .put(STORE_RETRY_FIELD, retryMillis);
    }

    private void history(JsonNode frame) {
        String room = frame.path("room").asText();
        long before = frame.path("before").asLong(Long.MAX_VALUE);
        int limit = Math.max(1, Math.min(JOIN_PAGE, frame.path("limit").asInt(50)));
        try {
            Page page = hub.store().before(room, before, limit);
            send(answer("history", frame).put("more", page.more()).set("messages", Json.messages(page.messages())));
        } catch (StoreException e) {
            send(answer("error", frame)
                    .put("code", "store")
                    .put("message", "try again")
                    .put(STORE_RETRY_FIELD, 1_000));
        }
    }

    private void received(JsonNode frame, String speaker) {
        String room = frame.path("room").asText();
        long seq = frame.path("seq").asLong(0);
        if (seq > 0 && joined.containsKey(room)) {
            hub.receipts().received(speaker, room, seq);
        }
    }

    /** Hands on a message of a room that was joined, unless the client has it. Called under the room's monitor. */
    void deliver(ChatMessage message, String frame) {
        Long sent = joined.get(message.room());
        if (sent != null && message.seq() > sent) {
            joined.put(message.room(), message.seq());
            getSession().sendText(frame, Callback.NOOP);
        }
    }

    void ping() {
        send(Json.frame("ping"));
    }

    void send(ObjectNode frame) {
        getSession().sendText(frame.toString(), Callback.NOOP);
    }

    private static ObjectNode answer(String type, JsonNode question) {
        return Json.frame(type).set("re", question.path("id"));
    }

    private void reject(String why) {
        close(PROTOCOL, why);
    }

    private void close(int code, String reason) {
        getSession().close(code, reason, Callback.NOOP);
    }
}
