package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A client of the protocol on the JDK's WebSocket; writes down all it is told. */
final class ChatClient implements WebSocket.Listener {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final AtomicLong ids = new AtomicLong();
    private final Map<String, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final StringBuilder partial = new StringBuilder();
    private final List<JsonNode> frames = new CopyOnWriteArrayList<>();
    private final CompletableFuture<String> closed = new CompletableFuture<>();
    private CompletableFuture<WebSocket> sent = new CompletableFuture<>();

    private ChatClient() {}

    static ChatClient connect(URI server, String user) throws Exception {
        ChatClient client = new ChatClient();
        String token = token(server, user);
        client.sent = HTTP.newWebSocketBuilder()
                .subprotocols("im.v1")
                .buildAsync(URI.create("ws://" + server.getAuthority() + "/ws"), client);
        client.ask(frame("hello").put("v", 1).put("token", token).put("client", "test"));
        return client;
    }

    static String token(URI server, String user) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.resolve("/api/tokens"))
                .POST(HttpRequest.BodyPublishers.ofString(
                        MAPPER.createObjectNode().put("user", user).toString()))
                .build();
        return MAPPER.readTree(HTTP.send(request, BodyHandlers.ofString()).body())
                .path("token")
                .asText();
    }

    /** The room's messages as the HTTP API tells them. */
    static List<String> history(URI server, String user, String room) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.resolve("/api/rooms/" + room + "/messages?limit=300"))
                .header("Authorization", "Bearer " + token(server, user))
                .build();
        return texts(MAPPER.readTree(HTTP.send(request, BodyHandlers.ofString()).body())
                .path("messages"));
    }

    static List<String> texts(JsonNode messages) {
        return messages.findValuesAsText("text");
    }

    static ObjectNode frame(String type) {
        return MAPPER.createObjectNode().put("t", type);
    }

    JsonNode join(String room) throws Exception {
        return ask(frame("join").put("room", room));
    }

    JsonNode say(String room, String text) throws Exception {
        return sayLater(room, text).get(20, TimeUnit.SECONDS);
    }

    CompletableFuture<JsonNode> sayLater(String room, String text) {
        return askLater(frame("send")
                .put("room", room)
                .put("cid", "c" + ids.incrementAndGet())
                .put("text", text));
    }

    JsonNode ask(ObjectNode frame) throws Exception {
        return askLater(frame).get(20, TimeUnit.SECONDS);
    }

    CompletableFuture<JsonNode> askLater(ObjectNode frame) {
        String id = "q" + ids.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(id, answer);
        send(frame.put("id", id).toString());
        return answer;
    }

    // The JDK's client takes one message at a time.
    synchronized void send(String text) {
        sent = sent.thenCompose(socket -> socket.sendText(text, true));
    }

    /** All that this client was told. */
    List<JsonNode> frames() {
        return List.copyOf(frames);
    }

    /** The texts of the messages that were handed on to this client, in order. */
    List<String> heard() {
        return frames.stream()
                .filter(frame -> frame.path("t").asText().equals("message"))
                .map(frame -> frame.path("text").asText())
                .toList();
    }

    /** The sequences of the messages that were handed on to this client, in order. */
    List<Long> heardSequences() {
        return frames.stream()
                .filter(frame -> frame.path("t").asText().equals("message"))
                .map(frame -> frame.path("seq").asLong())
                .toList();
    }

    boolean wasTold(String type) {
        return !told(type).isEmpty();
    }

    /** The frames of this type that it was told, in order. */
    List<JsonNode> told(String type) {
        return frames.stream()
                .filter(frame -> frame.path("t").asText().equals(type))
                .toList();
    }

    /** The close code and reason, once they are there. */
    String awaitClose() throws Exception {
        return closed.get(20, TimeUnit.SECONDS);
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            read(partial.toString());
            partial.setLength(0);
        }
        socket.request(1);
        return CompletableFuture.completedStage(null);
    }

    private void read(String text) {
        try {
            JsonNode frame = MAPPER.readTree(text);
            frames.add(frame);
            CompletableFuture<JsonNode> answer = answers.remove(frame.path("re").asText());
            if (answer != null) {
                answer.complete(frame);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        closed.complete(code + " " + reason);
        return CompletableFuture.completedStage(null);
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        closed.completeExceptionally(error);
    }
}
