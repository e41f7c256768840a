package io.lifecycle4j.jetty.example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.JettyServer;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/streams.md, over real sockets. */
@Timeout(60)
class StreamsTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Server jetty = new Server();
    private final ServerConnector connector = new ServerConnector(jetty);
    private final AppBuilder builder = App.builder("streams");
    private final App running = builder.build();

    private void start() throws Exception {
        connector.setHost("127.0.0.1");
        jetty.addConnector(connector);
        running.start();
    }

    @AfterEach
    void close() {
        running.close();
    }

    private URI uri(String scheme) {
        return URI.create(scheme + "://127.0.0.1:" + connector.getLocalPort() + "/");
    }

    // begin: events
    /** Server-sent events: each client's thread waits for the next event; the last event is the end. */
    static class Events extends Handler.Abstract {
        private static final String END = "event: end\nretry: 1000\ndata:\n\n";

        private final Set<BlockingQueue<String>> clients = ConcurrentHashMap.newKeySet();
        private volatile boolean ended;

        void publish(String text) {
            clients.forEach(client -> client.add("data: " + text + "\n\n"));
        }

        void endAll() {
            ended = true;
            clients.forEach(client -> client.add(END));
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            BlockingQueue<String> events = new LinkedBlockingQueue<>();
            clients.add(events);
            // Read after the add: either endAll finds this client, or this client finds the end.
            if (ended) {
                events.add(END);
            }
            response.getHeaders().put("Content-Type", "text/event-stream");
            try (OutputStream out = Content.Sink.asOutputStream(response)) {
                String event = "";
                while (!event.equals(END)) {
                    event = events.take();
                    out.write(event.getBytes(UTF_8));
                    out.flush();
                }
            } finally {
                clients.remove(events);
            }
            callback.succeeded();
            return true;
        }
    }
    // end: events

    @Test
    void aStreamEndsAsSoonAsTheDrainBegins() throws Exception {
        AppBuilder app = builder;
        // begin: end-streams
        Events events = new Events();
        jetty.setHandler(events);
        app.server(JettyServer.of("business", jetty));
        app.onDrain("end-streams", context -> events.endAll());
        // end: end-streams
        start();
        CompletableFuture<HttpResponse<String>> stream =
                client.sendAsync(HttpRequest.newBuilder(uri("http")).build(), BodyHandlers.ofString());
        Awaitility.await().until(() -> events.clients.size() == 1);
        events.publish("news");

        ShutdownReport report = running.shutdown("test");

        assertThat(stream.get(10, TimeUnit.SECONDS).body()).isEqualTo("data: news\n\n" + Events.END);
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
    }

    // begin: poll
    /** A long poll: 200 with the next message; 204, which means "ask again", after 30 s or when polls are ended. */
    static class LongPoll extends Handler.Abstract {
        private volatile CompletableFuture<String> next = new CompletableFuture<>();
        private volatile boolean ended;

        void publish(String text) {
            CompletableFuture<String> current = next;
            next = new CompletableFuture<>();
            current.complete(text);
        }

        void endAll() {
            ended = true;
            publish("");
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            CompletableFuture<String> message = next;
            String text = "";
            try {
                text = ended ? "" : message.get(30, TimeUnit.SECONDS);
            } catch (TimeoutException nothingNew) {
                response.getHeaders().put("Cache-Control", "no-store");
            }
            response.setStatus(text.isEmpty() ? 204 : 200);
            Content.Sink.write(response, true, text, callback);
            return true;
        }
    }
    // end: poll

    @Test
    void aLongPollEndsAsSoonAsTheDrainBegins() throws Exception {
        LongPoll polls = new LongPoll();
        CountDownLatch asked = new CountDownLatch(1);
        jetty.setHandler(new Handler.Wrapper(polls) {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                asked.countDown();
                return super.handle(request, response, callback);
            }
        });
        builder.server(JettyServer.of("business", jetty));
        builder.onDrain("end-polls", context -> polls.endAll());
        start();
        CompletableFuture<HttpResponse<String>> poll =
                client.sendAsync(HttpRequest.newBuilder(uri("http")).build(), BodyHandlers.ofString());
        asked.await();

        assertThat(running.shutdown("test").duration()).isLessThan(Duration.ofSeconds(9));
        assertThat(poll.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(204);
    }

    @Test
    void openSocketsAreToldEarlyThenWithTheReasonThenClosed() throws Exception {
        AppBuilder app = builder;
        Hub hub = new Hub();
        jetty.setHandler(WebSocketUpgradeHandler.from(
                jetty, container -> container.addMapping("/", (request, response, callback) -> hub)));
        // begin: sockets
        app.server(JettyServer.of("chat", jetty)
                .webSocket(ws -> ws.closeCode(1012, "restart") // 1001 unless set
                        .closeOver(Duration.ofSeconds(1)) // the last session is told after a second
                        .beforeClose(context -> hub.sendToAll("going away: " + context.reason()))));
        app.view().whenShuttingDown().thenAccept(reason -> hub.sendToAll("soon"));
        // end: sockets
        app.announceDelay(Duration.ofMillis(300));
        start();
        SocketClient peer = new SocketClient();
        peer.connect(client, uri("ws"));
        Awaitility.await().until(() -> hub.sessions.size() == 1);

        assertThat(running.shutdown("an update").isClean()).isTrue();

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1012 restart");
        assertThat(peer.texts).containsExactly("soon", "going away: an update");
    }

    /** The class is public so that Jetty can call it. */
    public static final class Hub extends Session.Listener.AbstractAutoDemanding {
        final List<Session> sessions = new CopyOnWriteArrayList<>();

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            sessions.add(session);
        }

        void sendToAll(String text) {
            sessions.forEach(session -> session.sendText(text, org.eclipse.jetty.websocket.api.Callback.NOOP));
        }
    }
}
