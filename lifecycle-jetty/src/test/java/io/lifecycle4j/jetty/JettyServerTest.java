package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
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

@Timeout(60)
class JettyServerTest {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final AppBuilder builder = App.builder("test").stopTimeout(Duration.ofSeconds(1));
    private final JettyServer jetty = JettyServer.of("business", server);
    private final App app = builder.build();

    private void start(Handler handler) throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(handler);
        builder.server(jetty);
        app.start();
    }

    @AfterEach
    void stop() {
        release.countDown();
        app.close();
    }

    private URI uri(String scheme, String path) {
        return URI.create(scheme + "://127.0.0.1:" + connector.getLocalPort() + path);
    }

    private HttpRequest get(String path) {
        return HttpRequest.newBuilder(uri("http", path)).build();
    }

    private CompletableFuture<HttpResponse<String>> slowRequest() throws Exception {
        CompletableFuture<HttpResponse<String>> slow = client.sendAsync(get("/slow"), BodyHandlers.ofString());
        arrived.await();
        return slow;
    }

    private void drainWithOneInFlight() {
        app.requestShutdown("test");
        Awaitility.await().until(() -> app.phase() == Phase.DRAIN);
        Awaitility.await().until(() -> jetty.gates().get(0).isClosed());
    }

    @Test
    void aRequestInFlightGetsItsWhole200AndALaterOne503() throws Exception {
        start(new Slow());
        assertThat(client.send(get("/"), BodyHandlers.ofString()).headers().firstValue("connection"))
                .isEmpty();
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        drainWithOneInFlight();

        HttpResponse<String> late = client.send(get("/"), BodyHandlers.ofString());
        assertThat(late.statusCode()).isEqualTo(503);
        assertThat(late.headers().firstValue("connection")).hasValue("close");
        assertThat(late.headers().firstValue("retry-after")).hasValue("1");
        assertThat(late.headers().firstValue("content-type")).hasValue("application/problem+json");
        assertThat(late.body()).contains("\"status\":503");

        release.countDown();
        HttpResponse<String> response = slow.get(10, TimeUnit.SECONDS);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("done");
        assertThat(response.headers().firstValue("connection")).hasValue("close");
        ShutdownReport report = app.shutdown("test");
        assertThat(report.isClean()).isTrue();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    @Test
    void exemptRequestsAreServedWhileDrainingAndNotWaitedFor() throws Exception {
        jetty.exempt(HealthHandler::isProbe);
        start(new Handler.Sequence(new HealthHandler(app), new Slow()));
        assertThat(client.send(get("/readyz"), BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        drainWithOneInFlight();
        HttpResponse<String> ready = client.send(get("/readyz"), BodyHandlers.ofString());
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body())
                .isEqualTo("{\"status\":\"not ready\",\"state\":\"STOPPING\",\"phase\":\"DRAIN\",\"inFlight\":1}\n");
        assertThat(client.send(get("/livez"), BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void idleConnectionsAreNotWaitedForWhateverTheServersOwnStopTimeout() throws Exception {
        server.setStopTimeout(30_000);
        start(new Slow());
        List<Socket> idle = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Socket socket = connect();
            if (i % 2 == 0) {
                send(socket, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
                assertThat(reader(socket).readLine()).isEqualTo("HTTP/1.1 200 OK");
            }
            idle.add(socket);
        }
        // Jetty's own stop takes two seconds for these, and the limit is one.
        assertThat(app.shutdown("test").isClean()).isTrue();
        for (Socket socket : idle) {
            socket.close();
        }
    }

    @Test
    void aRequestBehindOneInFlightOnTheSameConnectionIsNotServed() throws Exception {
        start(new Slow());
        try (Socket socket = connect()) {
            send(socket, "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
            arrived.await();
            drainWithOneInFlight();
            send(socket, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            release.countDown();
            String all = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertThat(all).startsWith("HTTP/1.1 200 OK").contains("Connection: close", "done");
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            connector.setPort(taken.getLocalPort());
            assertThatThrownBy(() -> start(new Slow()))
                    .isInstanceOf(AppStartException.class)
                    .hasMessage("App 'test' did not start: server 'business' cannot listen on 127.0.0.1:"
                            + taken.getLocalPort()
                            + ": Address already in use (free the port, or choose another)");
        }
    }

    @Test
    void aServerThatWouldStopByAHookOfItsOwnIsRefused() {
        Server own = new Server();
        own.setStopAtShutdown(true);
        assertThatThrownBy(() -> JettyServer.of("business", own))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("server 'business': stopAtShutdown: true (expected: false;");
    }

    @Test
    void aServerThatSomebodyElseStopsEndsTheApp() throws Exception {
        start(new Slow());
        server.stop();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.reason().description()).contains("server 'business' failed", "somebody else stopped it");
    }

    @Test
    void anUpgradeIsRefusedWhileDraining() throws Exception {
        WebSocketUpgradeHandler upgrades = WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> new Echo()));
        upgrades.setHandler(new Slow());
        start(upgrades);
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        drainWithOneInFlight();
        assertThatThrownBy(() -> webSocket(new Peer(true)))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        e -> assertThat(e.getResponse().statusCode()).isEqualTo(503));
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void openSessionsGetWhatIsQueuedThenTheCloseCode() throws Exception {
        jetty.closeCode(1012, "restart").closeOver(Duration.ofMillis(100));
        Echo echo = new Echo();
        start(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> echo)));
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Peer peer = new Peer(true);
            webSocket(peer);
            peers.add(peer);
        }
        Awaitility.await().until(() -> echo.sessions.size() == peers.size());
        builderSaysGoodbye(echo);
        assertThat(app.shutdown("test").isClean()).isTrue();
        for (Peer peer : peers) {
            assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1012 restart");
            assertThat(peer.texts).hasSize(100).endsWith("99");
        }
    }

    private static void builderSaysGoodbye(Echo echo) {
        for (Session session : echo.sessions) {
            for (int i = 0; i < 100; i++) {
                session.sendText(String.valueOf(i), org.eclipse.jetty.websocket.api.Callback.NOOP);
            }
        }
    }

    @Test
    void aPeerThatNeverAnswersIsCutWithinTheDrainsLimit() throws Exception {
        start(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> new Echo())));
        try (Socket socket = connect()) {
            send(
                    socket,
                    "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            assertThat(reader(socket).readLine()).isEqualTo("HTTP/1.1 101 Switching Protocols");
            assertThat(app.shutdown("test").isClean()).isTrue();
        }
    }

    private WebSocket webSocket(Peer peer) throws Exception {
        return client.newWebSocketBuilder().buildAsync(uri("ws", "/ws"), peer).get(10, TimeUnit.SECONDS);
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    private static void send(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(US_ASCII));
        out.flush();
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
    }

    private final class Slow extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            if (Request.getPathInContext(request).equals("/slow")) {
                arrived.countDown();
                release.await();
            }
            response.write(true, ByteBuffer.wrap("done".getBytes(US_ASCII)), callback);
            return true;
        }
    }

    /** Public, or Jetty cannot call it. */
    public static final class Echo extends Session.Listener.AbstractAutoDemanding {
        final List<Session> sessions = new CopyOnWriteArrayList<>();

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            sessions.add(session);
        }
    }

    private static final class Peer implements WebSocket.Listener {
        final List<String> texts = new CopyOnWriteArrayList<>();
        final CompletableFuture<String> closed = new CompletableFuture<>();
        final boolean answers;

        Peer(boolean answers) {
            this.answers = answers;
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            texts.add(data.toString());
            socket.request(1);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed.complete(code + " " + reason);
            return answers ? CompletableFuture.completedStage(null) : new CompletableFuture<Void>();
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            closed.completeExceptionally(error);
        }
    }
}
