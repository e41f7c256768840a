package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.Evidence.Ack;
import io.lifecycle4j.sample.im.Evidence.Close;
import io.lifecycle4j.sample.im.Evidence.Message;
import io.lifecycle4j.sample.im.Evidence.Send;
import io.lifecycle4j.sample.im.Evidence.Witness;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client as the protocol wants it: it comes back when its connection ends, goes on from its last sequence, and sends again,
 * under the same id, what has no answer. It writes down all it is told. All under its own lock; nothing blocks.
 */
final class CrowdClient {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int MOST_UNANSWERED = 4;
    private static final int FIRST_BACKOFF_MILLIS = 100;
    private static final int LAST_BACKOFF_MILLIS = 500;
    private static final int BAD_TOKEN = 4500;
    private static final int ABNORMAL = 1006;

    private final Crowd crowd;
    private final String user;
    private final Random random;
    private final Map<String, RoomView> rooms = new LinkedHashMap<>();
    private final List<Send> sends = new ArrayList<>();
    private final Map<String, Send> unanswered = new LinkedHashMap<>();
    private final List<Ack> acks = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final List<Close> closes = new ArrayList<>();
    private final List<Duration> away = new ArrayList<>();
    private @Nullable String token;
    private @Nullable Connection connection;
    private int failures; // in a row
    private int ids;
    private boolean leaving;
    private int seat; // which node
    private long dueAt; // when it should have service again: the end of the time that it was told to stay away

    CrowdClient(Crowd crowd, String user, List<String> rooms, Random random) {
        this.crowd = crowd;
        this.user = user;
        this.random = random;
        this.seat = random.nextInt(1_000);
        rooms.forEach(room -> this.rooms.put(room, new RoomView(room)));
    }

    synchronized void connect() {
        if (leaving) {
            return;
        }
        if (token == null) {
            HttpRequest request = HttpRequest.newBuilder(Crowd.http(crowd.port(seat), "/api/tokens"))
                    .POST(HttpRequest.BodyPublishers.ofString(
                            MAPPER.createObjectNode().put("user", user).toString()))
                    .timeout(Crowd.PATIENCE)
                    .build();
            var unused = crowd.client()
                    .sendAsync(request, BodyHandlers.ofString())
                    .whenComplete((response, failure) -> {
                        String given = failure == null && response.statusCode() == 200 ? token(response.body()) : null;
                        if (given == null) {
                            tryAgain();
                        } else {
                            opened(given);
                        }
                    });
            return;
        }
        opened(token);
    }

    private synchronized void opened(String valid) {
        token = valid;
        Connection opening = new Connection(crowd.port(seat));
        connection = opening;
        var unused = crowd.client()
                .newWebSocketBuilder()
                .connectTimeout(Crowd.PATIENCE)
                .subprotocols("im.v1")
                .buildAsync(Crowd.webSocket(opening.port), opening)
                .whenComplete((socket, failure) -> {
                    if (failure != null && !opening.open) { // 503, or nobody is there
                        tryAgain();
                    }
                });
    }

    private synchronized void tryAgain() {
        seat++;
        int ceiling = Math.min(LAST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(failures++, 10));
        crowd.later(ceiling / 2 + random.nextInt(ceiling), this::connect);
    }

    /** Says something new, or something acknowledged once more, unless much is unanswered already. */
    synchronized void speak(boolean again) {
        Connection current = connection;
        if (current == null || !current.ready || unanswered.size() >= MOST_UNANSWERED) {
            return;
        }
        if (again && !acks.isEmpty()) { // as if the acknowledgement had been lost
            String clientId = acks.get(acks.size() - 1).clientId();
            sends.stream()
                    .skip(Math.max(0, sends.size() - 2L * MOST_UNANSWERED))
                    .filter(send -> send.clientId().equals(clientId))
                    .findFirst()
                    .ifPresent(send -> {
                        unanswered.put(clientId, send);
                        current.say(send);
                    });
            return;
        }
        List<String> names = List.copyOf(rooms.keySet());
        String clientId = "c" + sends.size();
        Send send = new Send(clientId, names.get(random.nextInt(names.size())), clientId + " of " + user);
        sends.add(send);
        unanswered.put(clientId, send);
        current.say(send);
    }

    synchronized void receive() {
        Connection current = connection;
        if (current != null && current.ready) {
            rooms.values().forEach(current::received);
        }
    }

    synchronized boolean isSettled(Map<String, Long> heads) {
        return unanswered.isEmpty()
                && rooms.values().stream()
                        .allMatch(view -> view.isLive() && view.last() >= heads.getOrDefault(view.room(), 0L));
    }

    synchronized boolean isReady() {
        return connection != null && connection.ready;
    }

    /** Raises each room's head to what this client knows of it. */
    synchronized void reportHeads(Map<String, Long> heads) {
        rooms.values().forEach(view -> heads.merge(view.room(), view.last(), Math::max));
        acks.forEach(ack -> heads.merge(ack.room(), ack.seq(), Math::max));
    }

    /** Comes back no more. */
    synchronized void leave() {
        leaving = true;
    }

    synchronized @Nullable String token() {
        return token;
    }

    synchronized Witness witness() {
        Map<String, List<Message>> heard = new LinkedHashMap<>();
        rooms.forEach((room, view) -> heard.put(room, List.copyOf(view.heard())));
        return new Witness(
                user,
                List.copyOf(sends),
                List.copyOf(acks),
                heard,
                List.copyOf(unanswered.keySet()),
                List.copyOf(refused),
                List.copyOf(closes),
                List.copyOf(away));
    }

    /** For messages: what of this client is not as it should be in the end. */
    synchronized String unsettled() {
        return user + (isReady() ? "" : " (not connected)") + " unanswered " + unanswered.keySet() + " rooms "
                + rooms.values().stream()
                        .map(view -> view.room() + ":" + view.last() + (view.isLive() ? "" : " (not live)"))
                        .toList();
    }

    private static @Nullable String token(String body) {
        try {
            return MAPPER.readTree(body).path("token").textValue();
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    private static ObjectNode frame(String type) {
        return MAPPER.createObjectNode().put("t", type);
    }

    /** One connection; what comes late on one that is over concerns nobody. */
    private final class Connection implements WebSocket.Listener {
        private final int port;
        private final StringBuilder partial = new StringBuilder();
        private CompletableFuture<WebSocket> sent = new CompletableFuture<>();
        private int server;
        private boolean open;
        private boolean ready; // all rooms are joined, nothing is missing
        private long retryMillis = -1;

        Connection(int port) {
            this.port = port;
        }

        @Override
        public void onOpen(WebSocket socket) {
            synchronized (CrowdClient.this) {
                open = true;
                server = crowd.server(port);
                sent.complete(socket);
                ask(frame("hello").put("v", 1).put("token", token).put("client", "crowd"));
            }
            socket.request(1);
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            partial.append(data);
            if (last) {
                String text = partial.toString();
                partial.setLength(0);
                synchronized (CrowdClient.this) {
                    if (connection == this) {
                        readOrComplain(text);
                    }
                }
            }
            socket.request(1);
            return null;
        }

        /** What cannot be read is the server's fault; thrown from here it would look like a broken connection. */
        private void readOrComplain(String text) {
            try {
                read(MAPPER.readTree(text));
            } catch (JsonProcessingException | RuntimeException e) {
                refused.add("cannot be read: " + text + " (" + e + ")");
            }
        }

        private void read(JsonNode frame) {
            String type = frame.path("t").asText();
            switch (type) {
                case "welcome" -> rooms.values().forEach(this::join);
                case "joined" -> {
                    RoomView view = view(frame);
                    goOn(view, view.joined(frame));
                }
                case "history" -> {
                    RoomView view = asked(frame);
                    goOn(view, view.history(frame));
                }
                case "message" -> {
                    RoomView view = view(frame);
                    view.live(frame);
                    if (view.last() % 8 == 0) {
                        received(view);
                    }
                }
                case "ack" -> acknowledged(frame);
                case "nack" -> refused(frame);
                case "error" -> failed(frame);
                case "going_away" -> {
                    retryMillis = frame.path("retry_after_ms").asLong();
                    crowd.toldToStayAway(retryMillis);
                }
                case "ping" -> send(frame("pong"));
                default -> {} // news that this client does not need
            }
        }

        private void received(RoomView view) {
            send(frame("received").put("room", view.room()).put("seq", view.last()));
        }

        private RoomView view(JsonNode frame) {
            return known(frame.path("room").asText());
        }

        /** The room is the question's id: answers to history do not say it. */
        private RoomView asked(JsonNode frame) {
            String question = frame.path("re").asText();
            return known(question.substring(question.indexOf(' ') + 1));
        }

        private RoomView known(String room) {
            RoomView view = rooms.get(room);
            if (view == null) {
                throw new IllegalArgumentException(user + " is not in " + room);
            }
            return view;
        }

        private void join(RoomView view) {
            ObjectNode join = frame("join").put("room", view.room());
            if (view.last() >= 0) {
                join.putObject("after").put("epoch", view.epoch()).put("seq", view.last());
            }
            ask(join, view.room());
        }

        private void goOn(RoomView view, long before) {
            if (before > 0) {
                ask(
                        frame("history")
                                .put("room", view.room())
                                .put("before", before)
                                .put("limit", 300),
                        view.room());
            } else if (rooms.values().stream().allMatch(RoomView::isLive) && !ready) {
                ready = true;
                failures = 0;
                if (!closes.isEmpty()) { // it had service before
                    away.add(Duration.ofNanos(System.nanoTime() - dueAt));
                }
                crowd.cameBack();
                List.copyOf(unanswered.values()).forEach(this::say);
            }
        }

        private void acknowledged(JsonNode frame) {
            String clientId = frame.path("cid").asText();
            unanswered.remove(clientId);
            crowd.acknowledged();
            acks.add(new Ack(
                    clientId,
                    frame.path("room").asText(),
                    frame.path("seq").asLong(),
                    frame.path("dup").asBoolean()));
        }

        private void refused(JsonNode frame) {
            String clientId = frame.path("cid").asText();
            crowd.refused(frame.path("code").asText());
            if (!frame.path("retry").asBoolean()) {
                refused.add(frame.toString());
                unanswered.remove(clientId);
                return;
            }
            long millis = frame.path("retry_ms").asLong();
            crowd.later(millis + random.nextInt(500), () -> sayAgain(clientId));
        }

        private void sayAgain(String clientId) {
            synchronized (CrowdClient.this) {
                Send send = unanswered.get(clientId);
                if (send != null && connection == this && ready) {
                    say(send);
                }
            }
        }

        private void failed(JsonNode frame) {
            if (!frame.path("code").asText().equals("store")) {
                refused.add(frame.toString());
                return;
            }
            crowd.refused("error store");
            RoomView view = asked(frame);
            crowd.later(frame.path("retry_ms").asLong() + random.nextInt(500), () -> {
                synchronized (CrowdClient.this) {
                    if (connection == this) {
                        view.disconnected();
                        join(view);
                    }
                }
            });
        }

        private void say(Send send) {
            ask(frame("send")
                    .put("room", send.room())
                    .put("cid", send.clientId())
                    .put("text", send.text()));
        }

        private void ask(ObjectNode frame) {
            ask(frame, "");
        }

        private void ask(ObjectNode frame, String about) {
            send(frame.put("id", "q" + ids++ + " " + about));
        }

        private void send(ObjectNode frame) {
            // One after another: the JDK's client takes one message at a time. One that fails ends the connection
            // anyway.
            sent = sent.thenCompose(socket -> socket.sendText(frame.toString(), true));
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            ended(code);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            crowd.broken(String.valueOf(error));
            ended(ABNORMAL);
        }

        private void ended(int code) {
            synchronized (CrowdClient.this) {
                if (connection != this) {
                    return;
                }
                connection = null;
                rooms.values().forEach(RoomView::disconnected);
                if (code == BAD_TOKEN) {
                    token = null;
                    crowd.refused("bad token");
                } else {
                    closes.add(new Close(server, code));
                }
                // One that ends before it was of use does not begin the time without service anew.
                dueAt = (ready ? System.nanoTime() : dueAt) + TimeUnit.MILLISECONDS.toNanos(Math.max(0, retryMillis));
                if (retryMillis >= 0) {
                    seat++;
                    crowd.later(retryMillis + random.nextInt(100), CrowdClient.this::connect);
                } else {
                    tryAgain();
                }
            }
        }
    }
}
