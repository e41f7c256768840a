package io.lifecycle4j.sample.im.websocket;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.Joining;
import io.lifecycle4j.sample.im.chat.Membership;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.protocol.BadFrameException;
import io.lifecycle4j.sample.im.protocol.FrameFields;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.Protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.lifecycle4j.sample.im.protocol.Protocol.ServerFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one client asks for, frame by frame, and what it is answered. Frames come one after another. */
final class ChatRequests {
    private static final Logger LOG = LoggerFactory.getLogger(ChatRequests.class);
    private static final Pattern ROOM = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}");
    private static final int MOST_NAME_LENGTH = 64;
    private static final int MOST_READINGS = 3;
    private static final int MOST_TOKEN_LENGTH = 512;
    private static final int PAGE = 50;
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final ChatHub hub;
    private final ChatSession session;
    private final TokenBucket rate;
    private final AtomicInteger pending = new AtomicInteger();
    private final ConcurrentMap<String, Membership> memberships = new ConcurrentHashMap<>();
    private @Nullable String user; // set by hello, on the thread that reads

    ChatRequests(ChatHub hub, ChatSession session) {
        this.hub = hub;
        this.session = session;
        int perSecond = hub.limits().sendRate();
        this.rate = new TokenBucket(perSecond, perSecond * ClientLimits.BURST_SECONDS, System::nanoTime);
    }

    /** How many of its messages are on their way to the database. */
    int pendingSends() {
        return pending.get();
    }

    void leaveAll() {
        memberships.keySet().forEach(this::leave);
    }

    /** Answers one frame; throws if the connection is to be closed for it. */
    void receive(String text) throws BadFrameException {
        ObjectNode frame = Json.parse(text);
        if (frame == null) {
            throw new BadFrameException("not JSON (expected: one JSON object as text)");
        }
        ClientFrame type = ClientFrame.named(frame.path("t").asText());
        if (type == null) {
            throw new BadFrameException("t: no such type of frame");
        }
        if ((type == ClientFrame.HELLO) != (user == null)) {
            throw new BadFrameException("the first frame is hello, and no other");
        }
        if (user == null) {
            hello(frame);
            return;
        }
        try {
            answer(type, frame, user);
        } catch (BadFrameException e) {
            JsonNode id = frame.path("id");
            decline(id.isTextual() || id.isIntegralNumber() ? id : null, Declined.BAD_FRAME, e.problem());
        }
    }

    private void answer(ClientFrame type, ObjectNode frame, String speaker) throws BadFrameException {
        switch (type) {
            case HELLO -> throw new AssertionError("said before");
            case JOIN -> join(frame);
            case SEND -> accept(frame, speaker);
            case HISTORY -> history(frame);
            case RECEIVED -> received(frame, speaker);
            case PONG -> {} // that it came is enough
        }
    }

    private void hello(ObjectNode frame) throws BadFrameException {
        if (FrameFields.number(frame, "v", 0) != Protocol.VERSION) {
            throw new BadFrameException("v (expected: " + Protocol.VERSION + ")");
        }
        JsonNode id = FrameFields.id(frame);
        user = hub.tokens().user(FrameFields.text(frame, "token", MOST_TOKEN_LENGTH));
        if (user == null) {
            session.close(CloseCode.BAD_TOKEN, "bad token");
            return;
        }
        session.greeted();
        ClientLimits limits = hub.limits();
        ObjectNode welcome = Json.answer(ServerFrame.WELCOME, id)
                .put("session", hub.nextSessionId())
                .put("user", user)
                .put("node", hub.node())
                .put("heartbeat_ms", limits.heartbeat().toMillis());
        welcome.putObject("limits")
                .put("text_bytes", limits.textBytes())
                .put("frame_bytes", limits.frameBytes())
                .put("rooms", limits.rooms())
                .put("sends_per_second", limits.sendRate())
                .put("frames_per_second", limits.frameRate());
        session.send(welcome);
    }

    private void join(ObjectNode frame) throws BadFrameException {
        JsonNode id = FrameFields.id(frame);
        String name = FrameFields.text(frame, "room", MOST_NAME_LENGTH);
        JsonNode after = frame.path("after");
        long seq = after.isObject() ? FrameFields.number(after, "seq", -1) : -1;
        if (!ROOM.matcher(name).matches()) {
            decline(id, Declined.FORBIDDEN, "room: '" + name + "' (expected: letters, digits, or . _ - inside)");
            return;
        }
        leave(name); // joins again, perhaps
        if (memberships.size() >= hub.limits().rooms()) {
            decline(id, Declined.TOO_MANY_ROOMS, "in " + memberships.size() + " rooms already");
            return;
        }
        boolean joined = false;
        try {
            for (int attempt = 1; attempt <= MOST_READINGS && !joined; attempt++) {
                joined = join(id, name, after.path("epoch").asText(), seq);
            }
        } catch (StoreException e) {
            LOG.debug("A room was not joined", e);
        }
        if (!joined) {
            leave(name);
            decline(id, Declined.STORE, "the database does not answer; try again");
        } else if (session.isClosed()) { // meanwhile, and perhaps too early for leaveAll to find the room
            leave(name);
        } else {
            hub.rooms().tellNews(name);
        }
    }

    /** Returns false if what was said meanwhile does not follow on the history that was read: it is to be read again. */
    private boolean join(@Nullable JsonNode id, String name, String epoch, long after) {
        leave(name);
        Membership membership = hub.rooms().enter(name, session::push, session::sendAway);
        memberships.put(name, membership);
        Joining joining = Joining.read(hub.store(), name, epoch.equals(hub.epoch()), after);
        Page page = joining.page();
        ObjectNode joined = Json.answer(ServerFrame.JOINED, id)
                .put("room", name)
                .put("epoch", hub.epoch())
                .put("head", page.head())
                .put("recovered", joining.recovered())
                .put("more", page.more())
                .set("messages", Json.messages(page.messages()));
        return membership.begin(page.head(), Json.encode(joined));
    }

    private void leave(String name) {
        Membership membership = memberships.remove(name);
        if (membership != null) {
            hub.rooms().leave(membership);
        }
    }

    /** Takes a message: acknowledged when it is stored, never before; counted in flight until then. */
    private void accept(ObjectNode frame, String speaker) throws BadFrameException {
        JsonNode id = FrameFields.id(frame);
        Membership membership = memberships.get(FrameFields.text(frame, "room", MOST_NAME_LENGTH));
        String clientId = FrameFields.text(frame, "cid", MOST_NAME_LENGTH);
        String text = FrameFields.text(frame, "text", hub.limits().frameBytes());
        if (!rate.tryTake()) {
            nack(id, clientId, Declined.RATE, rate.untilNext());
        } else if (membership == null || text.isBlank()) {
            nack(id, clientId, Declined.FORBIDDEN, Duration.ZERO);
        } else if (text.getBytes(StandardCharsets.UTF_8).length > hub.limits().textBytes()) {
            nack(id, clientId, Declined.TOO_LARGE, Duration.ZERO);
        } else if (!hub.sends().tryEnter()) {
            nack(id, clientId, Declined.DRAINING, RETRY);
        } else {
            long start = System.nanoTime();
            String room = membership.room().name(); // one for all messages in it, rather than the frame's
            pending.incrementAndGet();
            hub.metrics().accepted();
            var unused = hub.store()
                    .append(new Draft(room, speaker, clientId, text))
                    .whenComplete((stored, failure) -> {
                        try {
                            answer(id, clientId, start, stored, failure);
                        } finally {
                            pending.decrementAndGet();
                            hub.sends().leave();
                            session.resume();
                        }
                    });
        }
    }

    private void answer(
            @Nullable JsonNode id, String clientId, long start, @Nullable Stored stored, @Nullable Throwable failure) {
        if (stored == null) {
            LOG.debug("A message was not stored", failure);
            nack(id, clientId, Declined.STORE, RETRY);
            return;
        }
        ChatMessage message = stored.message();
        hub.metrics().acknowledged(Duration.ofNanos(System.nanoTime() - start), stored.duplicate());
        session.send(Json.answer(ServerFrame.ACK, id)
                .put("room", message.room())
                .put("cid", message.clientId())
                .put("seq", message.seq())
                .put("msg_id", message.id())
                .put("created_at", message.createdAt().toEpochMilli())
                .put("dup", stored.duplicate()));
        hub.rooms().deliver(message); // a duplicate too: it may be news here, after a write that seemed to have failed
    }

    private void nack(@Nullable JsonNode id, String clientId, Declined code, Duration retry) {
        hub.metrics().declined(code);
        session.send(Json.answer(ServerFrame.NACK, id)
                .put("cid", clientId)
                .put("code", code.wire())
                .put("retry", code.isPassing())
                .put("retry_ms", retry.toMillis()));
    }

    private void decline(@Nullable JsonNode id, Declined code, String message) {
        hub.metrics().declined(code);
        ObjectNode error = Json.answer(ServerFrame.ERROR, id)
                .put("code", code.wire())
                .put("message", message)
                .put("retry", code.isPassing());
        session.send(code.isPassing() ? error.put("retry_ms", RETRY.toMillis()) : error);
    }

    private void history(ObjectNode frame) throws BadFrameException {
        JsonNode id = FrameFields.id(frame);
        String room = FrameFields.text(frame, "room", MOST_NAME_LENGTH);
        long before = FrameFields.number(frame, "before", Long.MAX_VALUE);
        long limit = Math.max(1, Math.min(Joining.MOST_MESSAGES, FrameFields.number(frame, "limit", PAGE)));
        try {
            Page page = Joining.fit(hub.store().before(room, before, (int) limit));
            session.send(Json.answer(ServerFrame.HISTORY, id)
                    .put("room", room)
                    .put("more", page.more())
                    .set("messages", Json.messages(page.messages())));
        } catch (StoreException e) {
            decline(id, Declined.STORE, "the database does not answer; try again");
        }
    }

    private void received(ObjectNode frame, String speaker) throws BadFrameException {
        String room = FrameFields.text(frame, "room", MOST_NAME_LENGTH);
        long seq = FrameFields.number(frame, "seq", 0);
        if (seq > 0 && memberships.containsKey(room)) {
            hub.receipts().received(speaker, room, seq);
        }
    }
}
