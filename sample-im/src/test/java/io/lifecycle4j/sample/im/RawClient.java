package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client that says whatever it is told to, and reads only if it wants to. While it does not read, it sends no pong. */
final class RawClient implements WebSocket.Listener {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long SECONDS = 20;

    private final boolean reads;
    private final StringBuilder partial = new StringBuilder();
    private final BlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private @Nullable WebSocket socket;

    private RawClient(boolean reads) {
        this.reads = reads;
    }

    static RawClient connect(URI server, boolean reads) throws Exception {
        return connect(server, reads, null);
    }

    static RawClient connect(URI server, boolean reads, @Nullable String origin) throws Exception {
        RawClient client = new RawClient(reads);
        WebSocket.Builder builder = HTTP.newWebSocketBuilder().subprotocols("im.v1");
        if (origin != null) {
            builder.header("Origin", origin);
        }
        client.socket = builder.buildAsync(URI.create("ws://" + server.getAuthority() + "/ws"), client)
                .get(SECONDS, TimeUnit.SECONDS);
        return client;
    }

    RawClient send(String text) throws Exception {
        socket().sendText(text, true).get(SECONDS, TimeUnit.SECONDS);
        return this;
    }

    RawClient sendBinary(byte... bytes) throws Exception {
        socket().sendBinary(ByteBuffer.wrap(bytes), true).get(SECONDS, TimeUnit.SECONDS);
        return this;
    }

    RawClient sendPong(byte... payload) throws Exception {
        socket().sendPong(ByteBuffer.wrap(payload)).get(SECONDS, TimeUnit.SECONDS);
        return this;
    }

    /** Says who it is. */
    RawClient hello(URI server, String user) throws Exception {
        return send(ChatClient.frame("hello")
                .put("id", "h")
                .put("v", 1)
                .put("token", ChatClient.token(server, user))
                .toString());
    }

    /** Closes the connection, as a client does that leaves. */
    void leave() {
        var unused = socket().sendClose(WebSocket.NORMAL_CLOSURE, "");
    }

    /** The frames that came and were not awaited. */
    List<JsonNode> told() {
        return List.copyOf(frames);
    }

    /** Reads all from now on, whatever it wanted before. */
    void readAll() {
        socket().request(Long.MAX_VALUE);
    }

    /** The next frame of this type; others before it are dropped. */
    JsonNode await(String type) throws Exception {
        while (true) {
            JsonNode frame = frames.poll(SECONDS, TimeUnit.SECONDS);
            assertThat(frame).as("a frame of type %s", type).isNotNull();
            if (frame.path("t").asText().equals(type)) {
                return frame;
            }
        }
    }

    int awaitCloseCode() throws Exception {
        return closed.get(SECONDS, TimeUnit.SECONDS);
    }

    boolean isClosed() {
        return closed.isDone();
    }

    private WebSocket socket() {
        return Objects.requireNonNull(socket, "connected");
    }

    @Override
    public void onOpen(WebSocket opened) {
        if (reads) {
            opened.request(Long.MAX_VALUE);
        }
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            try {
                frames.add(MAPPER.readTree(partial.toString()));
            } catch (IOException e) {
                closed.completeExceptionally(e);
            }
            partial.setLength(0);
        }
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        closed.complete(code);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        closed.completeExceptionally(error);
    }
}
