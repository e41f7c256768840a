package io.lifecycle4j.jetty.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.jetty.WebSockets;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.ee10.websocket.server.config.JettyWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/servlets.md that run on Jetty itself, over real sockets. */
@Timeout(60)
class ServletsTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Server jetty = new Server();
    private final ServerConnector connector = new ServerConnector(jetty);
    private final AppBuilder app = App.builder("servlets");
    private final App running = app.build();
    private final CountDownLatch arrived = new CountDownLatch(2);
    private final CountDownLatch release = new CountDownLatch(1);

    private void start() throws Exception {
        connector.setHost("127.0.0.1");
        jetty.addConnector(connector);
        running.start();
    }

    @AfterEach
    void close() {
        release.countDown();
        running.close();
        Awaitility.await().until(() -> Chat.SESSIONS.isEmpty() && News.SESSIONS.isEmpty());
    }

    private URI uri(String scheme, String path) {
        return URI.create(scheme + "://127.0.0.1:" + connector.getLocalPort() + path);
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        return client.sendAsync(HttpRequest.newBuilder(uri("http", path)).build(), BodyHandlers.ofString());
    }

    @Test
    void requestsOfServletsThatAreInFlightGetTheir200AndALaterOne503() throws Exception {
        // begin: servlet
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(new Orders(), "/orders");
        jetty.setHandler(context);
        app.server(JettyServer.of("business", jetty));
        // end: servlet
        context.addServlet(new AsynchronousOrders(), "/asynchronous");
        requestsInFlightGetTheir200AndALaterOne503("/orders", "/asynchronous");
    }

    @Test
    void requestsOfServletsOfJakartaEe11DoSoToo() throws Exception {
        var context = new org.eclipse.jetty.ee11.servlet.ServletContextHandler("/");
        context.addServlet(new Orders(), "/orders");
        context.addServlet(new AsynchronousOrders(), "/asynchronous");
        jetty.setHandler(context);
        app.server(JettyServer.of("business", jetty));
        requestsInFlightGetTheir200AndALaterOne503("/orders", "/asynchronous");
    }

    private void requestsInFlightGetTheir200AndALaterOne503(String... paths) throws Exception {
        start();
        List<CompletableFuture<HttpResponse<String>>> inFlight =
                List.of(paths).stream().map(this::get).toList();
        arrived.await();
        running.requestShutdown("test");
        Awaitility.await().until(() -> running.phase() == Phase.DRAIN);

        HttpResponse<String> late = get("/orders").get(10, TimeUnit.SECONDS);
        assertThat(late.statusCode()).isEqualTo(503);
        assertThat(late.headers().firstValue("Retry-After")).hasValue("1");
        release.countDown();

        for (var each : inFlight) {
            assertThat(each.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            assertThat(each.join().body()).isEqualTo("ordered");
        }
        ShutdownReport report = running.shutdown("again");
        assertThat(report.isClean()).as(report.toString()).isTrue();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 2, 2, 0, 1));
    }

    @Test
    void aSocketOfAServletGetsWhatIsQueuedThenTheCloseCode() throws Exception {
        // begin: servlet-socket
        ServletContextHandler context = new ServletContextHandler("/");
        JettyWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addMapping("/chat", Chat.class));
        jetty.setHandler(context);
        app.server(JettyServer.of("chat", jetty)
                .webSocket(ws -> ws.closeCode(1012, "restart") // 1001 unless set
                        .beforeClose(shutdown -> Chat.sendToAll("bye: " + shutdown.reason()))));
        // end: servlet-socket
        start();
        SocketClient peer = new SocketClient();
        peer.connect(client, uri("ws", "/chat"));
        Awaitility.await().until(() -> Chat.SESSIONS.size() == 1);
        IntStream.range(0, 1000).forEach(each -> Chat.sendToAll("message " + each));

        ShutdownReport report = running.shutdown("an update");

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1012 restart");
        assertThat(peer.texts).hasSize(1001).endsWith("message 999", "bye: an update");
        assertThat(report.isClean()).as(report.toString()).isTrue();
        assertThat(report.toString()).contains("WebSocket sessions: 1 told, 1 closed, 0 cut");
    }

    @Test
    void anUpgradeOfAServletIsAnswered503WhileTheServerDrainsThoughItsPathIsExempt() throws Exception {
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(new Orders(), "/orders");
        JettyWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addMapping("/chat", Chat.class));
        jetty.setHandler(context);
        app.server(JettyServer.of("chat", jetty)
                .exempt(request -> Request.getPathInContext(request).equals("/chat")));
        start();
        arrived.countDown();
        CompletableFuture<HttpResponse<String>> slow = get("/orders");
        arrived.await();
        running.requestShutdown("test");
        Awaitility.await().until(() -> running.phase() == Phase.DRAIN);

        assertThatThrownBy(() -> new SocketClient().connect(client, uri("ws", "/chat")))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        refused ->
                                assertThat(refused.getResponse().statusCode()).isEqualTo(503));
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void aCloseOfTheServicesOwnComesAfterWhatWasSent() throws Exception {
        ServletContextHandler context = new ServletContextHandler("/");
        JettyWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addMapping("/chat", Chat.class));
        jetty.setHandler(context);
        app.server(JettyServer.of("chat", jetty));
        start();
        SocketClient peer = new SocketClient();
        WebSocket socket = peer.connect(client, uri("ws", "/chat"));
        socket.sendText("hello", true).get(10, TimeUnit.SECONDS);
        socket.sendText("x".repeat(101), true).get(10, TimeUnit.SECONDS);

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1009 at most 100 characters");
        assertThat(peer.texts).containsExactly("hello");
    }

    @Test
    void aJakartaEndpointIsClosedLikeAnyOther() throws Exception {
        // begin: jakarta
        ServletContextHandler context = new ServletContextHandler("/");
        JakartaWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addEndpoint(News.class));
        jetty.setHandler(context);
        app.server(JettyServer.of("news", jetty));
        // end: jakarta
        start();
        SocketClient peer = new SocketClient();
        peer.connect(client, uri("ws", "/news"));
        Awaitility.await().until(() -> News.SESSIONS.size() == 1);
        IntStream.range(0, 1000).forEach(each -> News.publish("news " + each));

        ShutdownReport report = running.shutdown("test");

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1001 shutting down");
        assertThat(peer.texts).hasSize(1000).endsWith("news 999");
        assertThat(report.isClean()).as(report.toString()).isTrue();
    }

    @Test
    void aJakartaEndpointClosesWithACodeOfItsOwn() throws Exception {
        ServletContextHandler context = new ServletContextHandler("/");
        JakartaWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addEndpoint(News.class));
        jetty.setHandler(context);
        app.server(JettyServer.of("news", jetty));
        start();
        SocketClient peer = new SocketClient();
        peer.connect(client, uri("ws", "/news")).sendText("may I?", true).get(10, TimeUnit.SECONDS);

        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1008 listeners do not send");
    }

    // begin: servlet-endpoint
    /** Sends each message to all sessions. The class is public so that Jetty can call it. */
    public static class Chat extends Session.Listener.AbstractAutoDemanding {
        static final Set<Session> SESSIONS = ConcurrentHashMap.newKeySet();

        static void sendToAll(String text) {
            SESSIONS.forEach(session -> session.sendText(text, Callback.NOOP));
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            SESSIONS.add(session);
        }

        @Override
        public void onWebSocketText(String text) {
            if (text.length() > 100) {
                WebSockets.close(getSession(), 1009, "at most 100 characters");
            } else {
                sendToAll(text);
            }
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            SESSIONS.remove(getSession());
            callback.succeed();
        }
    }
    // end: servlet-endpoint

    private final class Orders extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            arrived.countDown();
            awaitRelease();
            response.getWriter().write("ordered");
        }
    }

    private final class AsynchronousOrders extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) {
            AsyncContext later = request.startAsync();
            arrived.countDown();
            later.start(() -> {
                awaitRelease();
                try {
                    response.getWriter().write("ordered");
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
                later.complete();
            });
        }
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
