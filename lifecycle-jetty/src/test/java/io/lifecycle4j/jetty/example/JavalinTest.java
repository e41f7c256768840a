package io.lifecycle4j.jetty.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javalin.Javalin;
import io.javalin.http.sse.SseClient;
import io.javalin.websocket.WsMessageContext;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.jetty.WebSockets;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/servlets.md that run on Javalin, over real sockets. */
@Timeout(60)
class JavalinTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final AppBuilder app = App.builder("javalin");
    private final App running = app.build();
    private final Events events = new Events();
    private final CompletableFuture<String> price = new CompletableFuture<>();
    private final CountDownLatch asked = new CountDownLatch(1);
    private final List<String> log = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        price.complete("");
        running.close();
    }

    // begin: javalin-events
    /** Server-sent events; the last event of each client is the end. */
    static class Events {
        private final Set<SseClient> clients = ConcurrentHashMap.newKeySet();
        private volatile boolean ended;

        void add(SseClient client) {
            client.keepAlive();
            client.onClose(() -> clients.remove(client));
            clients.add(client);
            // Read after the add: either endAll finds this client, or this client finds the end.
            if (ended) {
                end(client);
            }
        }

        void publish(String text) {
            clients.forEach(client -> client.sendEvent(text));
        }

        void endAll() {
            ended = true;
            clients.forEach(this::end);
        }

        private void end(SseClient client) {
            if (clients.remove(client)) {
                // Without data, a browser ignores the event.
                client.sendEvent("end", "shutting down");
                client.close();
            }
        }
    }
    // end: javalin-events

    // begin: javalin-socket
    static class Bot {
        static void answer(WsMessageContext context) {
            if (context.message().length() > 100) {
                WebSockets.close(context.session, 1009, "at most 100 characters");
            } else {
                context.send("you said " + context.message());
            }
        }
    }
    // end: javalin-socket

    private Javalin start() throws Exception {
        String host = "127.0.0.1";
        int port = 0;
        // begin: javalin
        Javalin javalin = Javalin.create(config -> {
            config.routes.get("/price", context -> context.future(() -> price().thenAccept(context::result)));
            config.routes.sse("/events", events::add);
            config.routes.ws("/chat", ws -> ws.onMessage(Bot::answer));
            config.events.serverStarted(() -> log.add("started"));
            config.events.serverStopped(() -> log.add("stopped"));
        });
        app.server(JettyServer.of("api", javalin.jettyServer().server())
                .startedBy(() -> javalin.start(host, port), javalin::stop)
                .webSocket(ws -> ws.closeCode(1012, "restart")));
        app.onDrain("end-streams", context -> events.endAll());
        // end: javalin
        running.start();
        return javalin;
    }

    private CompletableFuture<String> price() {
        asked.countDown();
        return price;
    }

    private static URI uri(String scheme, Javalin javalin, String path) {
        return URI.create(scheme + "://127.0.0.1:" + javalin.port() + path);
    }

    private CompletableFuture<HttpResponse<String>> get(Javalin javalin, String path) {
        HttpRequest request = HttpRequest.newBuilder(uri("http", javalin, path))
                // Javalin's event streams need the first type.
                .header("Accept", "text/event-stream, */*")
                .build();
        return client.sendAsync(request, BodyHandlers.ofString());
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = other.getLocalPort();
            Javalin javalin = Javalin.create();
            app.server(JettyServer.of("api", javalin.jettyServer().server())
                    .startedBy(() -> javalin.start("127.0.0.1", port), javalin::stop));
            assertThatThrownBy(running::start)
                    .hasMessageStartingWith(
                            "App 'javalin' did not start: server 'api' cannot listen on 127.0.0.1:" + port)
                    .hasMessageContaining("Address already in use");
        }
    }

    @Test
    void aSocketIsClosedAStreamIsEndedAFutureCompletesAndTheEventsFire() throws Exception {
        Javalin javalin = start();
        assertThat(log).containsExactly("started");
        SocketClient peer = new SocketClient();
        WebSocket socket = peer.connect(client, uri("ws", javalin, "/chat"));
        socket.sendText("hello", true).get(10, TimeUnit.SECONDS);
        CompletableFuture<HttpResponse<String>> stream = get(javalin, "/events");
        Awaitility.await().until(() -> events.clients.size() == 1 && peer.texts.size() == 1);
        events.publish("news");
        CompletableFuture<HttpResponse<String>> quote = get(javalin, "/price");
        asked.await();

        running.requestShutdown("test");

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1012 restart");
        assertThat(peer.texts).containsExactly("you said hello");
        assertThat(stream.get(10, TimeUnit.SECONDS).body())
                .contains("data: news\n\n")
                .endsWith("event: end\ndata: shutting down\n\n");
        assertThat(running.phase()).isEqualTo(Phase.DRAIN);
        assertThat(get(javalin, "/price").get(10, TimeUnit.SECONDS).statusCode())
                .isEqualTo(503);
        assertThatThrownBy(() -> new SocketClient().connect(client, uri("ws", javalin, "/chat")))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(WebSocketHandshakeException.class);
        price.complete("12.50");
        assertThat(quote.get(10, TimeUnit.SECONDS).body()).isEqualTo("12.50");
        ShutdownReport report = running.shutdown("again");
        assertThat(report.isClean()).as(report.toString()).isTrue();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("api", 2, 2, 0, 2));
        assertThat(log).containsExactly("started", "stopped");
    }

    @Test
    void aCloseOfTheServicesOwnShowsItsCode() throws Exception {
        Javalin javalin = start();
        SocketClient peer = new SocketClient();
        peer.connect(client, uri("ws", javalin, "/chat"))
                .sendText("x".repeat(101), true)
                .get(10, TimeUnit.SECONDS);

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1009 at most 100 characters");
    }

    @Test
    void aStreamThatOpensAfterTheOthersWereEndedEndsAtOnce() throws Exception {
        Javalin javalin = start();
        events.endAll();

        assertThat(get(javalin, "/events").get(10, TimeUnit.SECONDS).body())
                .endsWith("event: end\ndata: shutting down\n\n");
    }

    @Test
    void withoutStartedByThereIsNoConnectorAndTheStartFails() {
        Javalin javalin = Javalin.create(config -> config.startup.startupWatcherEnabled = false);
        app.server(JettyServer.of("api", javalin.jettyServer().server()));

        assertThatThrownBy(running::start)
                .isInstanceOf(AppStartException.class)
                .hasMessage("App 'javalin' did not start: server 'api' has no connector, and would serve nobody"
                        + " (expected: at least one)");
    }
}
