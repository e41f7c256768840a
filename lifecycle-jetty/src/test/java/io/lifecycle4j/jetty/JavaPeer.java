package io.lifecycle4j.jetty;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The JDK's own WebSocket client. */
final class JavaPeer implements Peer, WebSocket.Listener {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final String FLOOD = "f" + "x".repeat(999);

    final CompletableFuture<WebSocket> opening;
    private final CompletableFuture<Seen> seen = new CompletableFuture<>();
    private final Mode mode;
    private final CompletionStage<?> answer;
    private final long start = System.nanoTime();
    // Whether the next text begins a message. One thread at a time calls the listener.
    private boolean begins = true;
    private int queued;
    private long bytes;

    /** Begins to connect; the close is answered once the stage completes. */
    JavaPeer(URI uri, Mode mode, CompletionStage<?> answer) {
        this.mode = mode;
        this.answer = answer;
        opening = CLIENT.newWebSocketBuilder().buildAsync(uri, this);
    }

    /** Returns a peer whose session is open. */
    static JavaPeer open(URI uri, Mode mode, CompletionStage<?> answer) throws Exception {
        JavaPeer peer = new JavaPeer(uri, mode, answer);
        WebSocket socket = peer.opening.get(20, TimeUnit.SECONDS);
        if (mode == Mode.FLOODS) {
            peer.flood(socket, null);
        }
        return peer;
    }

    void send(String text) throws Exception {
        var unused = opening.get(20, TimeUnit.SECONDS).sendText(text, true).get(20, TimeUnit.SECONDS);
    }

    void sendClose() {
        var unused = opening.thenCompose(socket -> socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye"));
    }

    private void flood(WebSocket socket, @Nullable Throwable failure) {
        if (failure == null && !seen.isDone()) {
            var unused = socket.sendText(FLOOD, true).whenCompleteAsync((sent, e) -> flood(socket, e));
        }
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        if (begins && data.length() > 0 && data.charAt(0) == 'q') {
            queued++;
        }
        begins = last;
        bytes += data.length();
        long ahead =
                mode == Mode.SLOW ? bytes * 1_000_000_000L / SLOW_BYTES_PER_SECOND - (System.nanoTime() - start) : 0;
        if (ahead > 0) {
            later(ahead).execute(() -> socket.request(1));
        } else {
            socket.request(1);
        }
        return null;
    }

    private static Executor later(long nanos) {
        return CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        seen.complete(new Seen(code, reason, queued, bytes));
        return answer;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        seen.complete(new Seen(1006, error.toString(), queued, bytes));
    }

    @Override
    public Seen seen(Duration limit) throws Exception {
        try {
            return seen.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            // The JDK's client does not always report that a connection was reset.
            return new Seen(1006, "nothing seen within " + limit, -1, -1);
        }
    }

    @Override
    public void close() {
        var unused = opening.thenAccept(WebSocket::abort);
    }
}
