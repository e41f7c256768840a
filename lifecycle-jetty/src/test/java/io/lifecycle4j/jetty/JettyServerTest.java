package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

@Timeout(60)
class JettyServerTest {
    private static final String UPGRADE =
            "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

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
    void aClientInTheMidstOfAHeaderIsNotAnsweredWith500() throws Exception {
        start(new Slow());
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort())) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nX: ".getBytes(US_ASCII));
            Awaitility.await().until(() -> connector.getConnectedEndPoints().size() == 1);

            assertThat(app.shutdown("test").isClean()).isTrue();
            assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
                    .isEmpty();
        }
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
                .startsWith("{\"status\":\"not ready\",\"state\":\"STOPPING\",\"phase\":\"DRAIN\",\"inFlight\":1,"
                        + "\"gates\":{\"business\":1},\"red\":[],\"stoppingMillis\":");
        HttpResponse<String> live = client.send(get("/livez"), BodyHandlers.ofString());
        assertThat(live.statusCode()).isEqualTo(200);
        // Else the client's next request would meet the stop on the same connection, and get 503.
        assertThat(live.headers().firstValue("connection")).hasValue("close");
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void aServerThatIsAlwaysOpenSaysCloseWhenItStops() throws Exception {
        jetty.drainPolicy(DrainPolicy.ALWAYS_OPEN);
        builder.stopTimeout(Duration.ofSeconds(20));
        start(new Slow());
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        app.requestShutdown("test");
        Awaitility.await()
                .until(() -> client.send(get("/"), BodyHandlers.ofString()).statusCode() == 503);
        release.countDown();
        HttpResponse<String> response = slow.get(10, TimeUnit.SECONDS);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("connection")).hasValue("close");
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
    void whatRejectedRequestsAreAnsweredCanBeSet() throws Exception {
        jetty.retryAfter(Duration.ofMillis(2_500)).rejectWith(529, "text/plain", "later");
        start(new Slow());
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        drainWithOneInFlight();
        HttpResponse<String> late = client.send(get("/"), BodyHandlers.ofString());
        assertThat(late.statusCode()).isEqualTo(529);
        assertThat(late.headers().firstValue("retry-after")).hasValue("3");
        assertThat(late.headers().firstValue("content-type")).hasValue("text/plain");
        assertThat(late.body()).isEqualTo("later");
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void aServerThatServesUntilIdleServesLateRequestsAndClosesTheirConnections() throws Exception {
        jetty.drainPolicy(DrainPolicy.SERVE_UNTIL_IDLE);
        start(new Slow());
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        app.requestShutdown("test");
        Awaitility.await().until(() -> jetty.gates().get(0).isDraining());
        HttpResponse<String> late = client.send(get("/"), BodyHandlers.ofString());
        assertThat(late.statusCode()).isEqualTo(200);
        assertThat(late.headers().firstValue("connection")).hasValue("close");
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        ShutdownReport report = app.shutdown("test");
        assertThat(report.isClean()).isTrue();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 2, 2, 0, 0));
    }

    @Test
    void whatIsInFlightAtTheDrainsLimitIsNamedWithoutItsSecrets() throws Exception {
        builder.drainTimeout(Duration.ofMillis(200));
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.list = new CopyOnWriteArrayList<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
        logger.addAppender(log);
        try {
            start(new Slow());
            CompletableFuture<HttpResponse<String>> slow =
                    client.sendAsync(get("/slow;session=secret?token=secret"), BodyHandlers.ofString());
            arrived.await();
            ShutdownReport report = app.shutdown("test");
            assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 0, 1, 0));
            assertThat(slow).failsWithin(Duration.ofSeconds(10)); // its connection was cut
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .anyMatch(line -> line.matches("DRAIN: gate 'business' still has 1 in flight at the limit; going on"
                        + "\n\tGET /slow, \\d+ ms"))
                .noneMatch(line -> line.contains("secret"));
    }

    @Test
    void aConnectorThatSomebodyClosesEndsTheApp() throws Exception {
        start(new Slow());
        connector.close();
        Awaitility.await().until(app::isShuttingDown);
        assertThat(app.shutdown("test").reason().toString())
                .contains("server 'business' failed", "a connector does not listen any more");
    }

    @Test
    void connectionsThatNeverSentAByteAndHalfSentRequestsDoNotDelayTheStop() throws Exception {
        start(new Slow());
        try (Socket silent = connect();
                Socket half = connect();
                Socket halfBody = connect()) {
            send(half, "GET / HTTP/1.1\r\nHo");
            send(halfBody, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345");
            // The handler does not read the body.
            assertThat(reader(halfBody).readLine()).isEqualTo("HTTP/1.1 200 OK");
            ShutdownReport report = app.shutdown("test");
            assertThat(report.isClean()).isTrue();
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void anUploadThatPausesForThreeSecondsDuringTheDrainGetsIts200() throws Exception {
        // Jetty's default, which would end the upload after a second.
        connector.setShutdownIdleTimeout(1_000);
        start(new Upload());
        try (Socket socket = connect()) {
            send(socket, "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345");
            arrived.await();
            drainWithOneInFlight();
            // The pause is what is tested.
            boolean unused = release.await(3, TimeUnit.SECONDS);
            send(socket, "67890");
            String all = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertThat(all).startsWith("HTTP/1.1 200 OK").endsWith("10");
        }
        assertThat(app.shutdown("test").isClean()).isTrue();
    }

    @Test
    void aHandlerThatOutlivesTheDrainIsInterruptedWithinTheServersOwnLimit() throws Exception {
        builder.drainTimeout(Duration.ZERO).stopTimeout(Duration.ofMillis(600));
        start(new Slow());
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.steps())
                .filteredOn(step -> step.phase() == Phase.STOP)
                .singleElement()
                .satisfies(step -> assertThat(step.abandoned()).isFalse());
        assertThat(server.isStopped()).isTrue(); // and not in the midst of waiting for its pool
        assertThat(slow).failsWithin(Duration.ofSeconds(10));
    }

    @Test
    void aHandlerThatWritesToASlowReaderOnItsSelectorsThreadDoesNotDelayTheStop() throws Exception {
        builder.drainTimeout(Duration.ZERO).stopTimeout(Duration.ofSeconds(20)).shutdownTimeout(Duration.ofMinutes(1));
        start(
                new Handler.Abstract.NonBlocking() { // so Jetty calls it on that thread, and it blocks it all the same
                    @Override
                    public boolean handle(Request request, Response response, Callback callback) throws Exception {
                        arrived.countDown();
                        try (OutputStream out = Content.Sink.asOutputStream(response)) {
                            while (true) {
                                out.write(new byte[1 << 20]);
                            }
                        }
                    }
                });
        try (Socket reader = connect()) {
            send(reader, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            arrived.await();
            assertThat(app.shutdown("test").steps())
                    .filteredOn(step -> step.phase() == Phase.STOP)
                    .singleElement()
                    .satisfies(step -> assertThat(step.duration()).isLessThan(Duration.ofSeconds(5)));
        }
    }

    @Test
    void aDrainCallbackThatEndsAStreamLetsTheDrainEndEarly() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(20)).shutdownTimeout(Duration.ofMinutes(1));
        builder.onDrain("end-streams", context -> release.countDown());
        start(new Slow());
        CompletableFuture<HttpResponse<String>> stream = slowRequest();
        ShutdownReport report = app.shutdown("test");
        assertThat(stream.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
        assertThat(report.isClean()).isTrue();
    }

    @Test
    void severalServersOfOneAppRejectTogetherAndWaitForEachOther() throws Exception {
        Server another = new Server();
        ServerConnector own = new ServerConnector(another);
        own.setHost("127.0.0.1");
        another.addConnector(own);
        another.setHandler(new Slow());
        builder.server(JettyServer.of("another", another));
        start(new Slow());
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        drainWithOneInFlight();
        URI idle = URI.create("http://127.0.0.1:" + own.getLocalPort() + "/");
        assertThat(client.send(HttpRequest.newBuilder(idle).build(), BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(503);
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
        ShutdownReport report = app.shutdown("again");
        assertThat(report.gates())
                .containsExactly(
                        new ShutdownReport.Gate("another", 0, 0, 0, 1),
                        new ShutdownReport.Gate("business", 1, 1, 0, 0));
        assertThat(report.isClean()).isTrue();
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void aServerOnVirtualThreadsDrainsLikeAnyOther() throws Exception {
        Server virtual = new Server(new VirtualThreadPool());
        ServerConnector own = new ServerConnector(virtual);
        own.setHost("127.0.0.1");
        virtual.addConnector(own);
        virtual.setHandler(new Slow());
        AppBuilder other = App.builder("virtual");
        other.server(JettyServer.of("business", virtual));
        App embedded = other.build();
        embedded.start();
        CompletableFuture<HttpResponse<String>> slow = client.sendAsync(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + own.getLocalPort() + "/slow"))
                        .build(),
                BodyHandlers.ofString());
        arrived.await();
        embedded.requestShutdown("test");
        Awaitility.await().until(() -> embedded.phase() == Phase.DRAIN);
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
        assertThat(embedded.shutdown("again").isClean()).isTrue();
    }

    @Test
    void badServersAndSettingsAreRefusedWithWhatIsWrong() throws Exception {
        assertThatThrownBy(() -> JettyServer.of("admin", server))
                .hasMessage("server 'admin': it is 'business' already (expected: a Server of its own for each name)");
        assertThatThrownBy(() -> jetty.rejectWith(200, "text/plain", ""))
                .hasMessage("status of rejected requests: 200 (expected: 400 to 599)");
        assertThatThrownBy(() -> jetty.retryAfter(Duration.ofSeconds(-1)))
                .hasMessage("retryAfter: PT-1S (expected: >= 0)");
        assertThatThrownBy(() -> jetty.retryAfter(Duration.ofDays(110_000)))
                .hasMessage("retryAfter: PT2640000H (expected: at most 365 days)");
        assertThatThrownBy(() -> jetty.rejectWith(503, "text/plain\r\nSet-Cookie: a=b", ""))
                .hasMessage(
                        "contentType: 'text/plain??Set-Cookie: a=b' (expected: a media type such as text/plain, in ASCII"
                                + " without control characters)");
        assertThatThrownBy(() -> jetty.webSocket(ws -> ws.closeOver(Duration.ofSeconds(-1))))
                .hasMessage("closeOver: PT-1S (expected: >= 0)");
        assertThatThrownBy(() -> jetty.webSocket(ws -> ws.closeCode(1006, "")))
                .hasMessageStartingWith("close code: 1006 (expected: ");
        assertThatThrownBy(() -> jetty.webSocket(ws -> ws.closeCode(1001, "ü".repeat(62))))
                .hasMessage("close reason: 124 bytes (expected: at most 123)");
        Server running = new Server();
        running.start();
        try {
            assertThatThrownBy(() -> JettyServer.of("other", running))
                    .hasMessage(
                            "server 'other': state STARTED (expected: STOPPED; leave the start to the app, or give it"
                                    + " a framework's start with startedBy)");
        } finally {
            running.stop();
        }
    }

    @Test
    @SuppressWarnings("NullAway") // null is what is tested
    void nullsAreNamed() {
        assertThatThrownBy(() -> JettyServer.of("admin", null)).hasMessage("server 'admin': null (expected: not null)");
        assertThatThrownBy(() -> jetty.exempt(null)).hasMessage("requests: null (expected: not null)");
        assertThatThrownBy(() -> jetty.webSocket(ws -> ws.closeOver(null)))
                .hasMessage("closeOver: null (expected: not null)");
    }

    @Test
    void aStartThatFailsForTlsNamesTheServerAndWhatIsWrong(@TempDir Path folder) throws Exception {
        Path store = Files.writeString(folder.resolve("broken.p12"), "no key store");
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(store.toString());
        tls.setKeyStorePassword("secret");
        server.addConnector(new ServerConnector(server, tls));
        assertThatThrownBy(() -> start(new Slow()))
                .isInstanceOf(AppStartException.class)
                .hasMessageStartingWith("App 'test' did not start: server 'business' could not start: ")
                .hasMessageContaining("TLS")
                .hasMessageNotContaining("secret");
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
        assertThat(report.reason().toString()).contains("server 'business' failed", "somebody else stopped it");
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

    /** A session would be told at once, and its client would come back at once, again and again. */
    @Test
    void aServerThatServesUntilIdleRefusesUpgradesFromTheBeginning() throws Exception {
        jetty.drainPolicy(DrainPolicy.SERVE_UNTIL_IDLE);
        WebSocketUpgradeHandler upgrades = WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> new Echo()));
        upgrades.setHandler(new Slow());
        start(upgrades);
        CompletableFuture<HttpResponse<String>> slow = slowRequest();
        app.requestShutdown("test");
        Awaitility.await().until(() -> jetty.gates().get(0).isDraining());
        assertThatThrownBy(() -> webSocket(new Peer(true))).isInstanceOf(ExecutionException.class);
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(app.shutdown("again").isClean()).isTrue();
    }

    @Test
    void openSessionsGetWhatIsQueuedThenTheCloseCode() throws Exception {
        jetty.webSocket(ws -> ws.closeCode(1012, "restart").closeOver(Duration.ofMillis(100)));
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
    void theReportCountsSessionsAndAllAreToldHoweverLongTheSpread() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(1));
        jetty.webSocket(ws -> ws.closeOver(Duration.ofHours(1)));
        Echo echo = new Echo();
        start(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> echo)));
        Peer living = new Peer(true);
        webSocket(living);
        try (Socket silent = connect()) {
            send(silent, UPGRADE);
            assertThat(reader(silent).readLine()).isEqualTo("HTTP/1.1 101 Switching Protocols");
            Awaitility.await().until(() -> echo.sessions.size() == 2);
            ShutdownReport report = app.shutdown("test");
            assertThat(living.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1001 shutting down");
            assertThat(report.steps().get(0).note()).isEqualTo("WebSocket sessions: 2 told, 1 closed, 1 cut");
            assertThat(report.steps().get(0).cut())
                    .singleElement()
                    .asString()
                    .matches("WebSocket /ws from 127\\.0\\.0\\.1:" + silent.getLocalPort() + ", open for \\d+ s");
            assertThat(report.toString()).contains("2 told, 1 closed, 1 cut", "cut: WebSocket /ws from ");
            assertThat(report.outcome()).isEqualTo(ShutdownReport.Outcome.TIMED_OUT);
        }
    }

    @Test
    void aSessionWhoseUpgradeWasInFlightIsClosedToo() throws Exception {
        WebSocketUpgradeHandler upgrades = WebSocketUpgradeHandler.from(
                server,
                container -> container.addMapping("/ws", (request, response, callback) -> {
                    arrived.countDown();
                    awaitRelease();
                    return new Echo();
                }));
        start(upgrades);
        Peer late = new Peer(true);
        CompletableFuture<WebSocket> opening = client.newWebSocketBuilder().buildAsync(uri("ws", "/ws"), late);
        arrived.await();
        drainWithOneInFlight();
        release.countDown();
        assertThat(opening.get(10, TimeUnit.SECONDS)).isNotNull();
        assertThat(late.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1001 shutting down");
        assertThat(app.shutdown("test").isClean()).isTrue();
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aPeerThatNeverAnswersIsCutWithinTheDrainsLimit() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(1));
        start(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> new Echo())));
        try (Socket socket = connect()) {
            send(socket, UPGRADE);
            assertThat(reader(socket).readLine()).isEqualTo("HTTP/1.1 101 Switching Protocols");
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).isEqualTo(ShutdownReport.Outcome.TIMED_OUT);
            assertThat(report.steps().get(0).cut()).hasSize(1);
        }
    }

    /** Jetty's own close with such a code would drop the queue. */
    @Test
    void aSessionThatTheServiceClosesGetsWhatIsQueuedThenTheCodeAndASecondCloseChangesNothing() throws Exception {
        Echo echo = new Echo();
        start(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> echo)));
        Peer peer = new Peer(true);
        webSocket(peer);
        Awaitility.await().until(() -> echo.sessions.size() == 1);
        Session session = echo.sessions.get(0);
        builderSaysGoodbye(echo);
        ByteBuffer encoded = ByteBuffer.wrap("encoded".getBytes(US_ASCII));
        CompletableFuture<Void> written = new CompletableFuture<>();
        WebSockets.sendText(
                session, encoded, false, Callback.from(() -> written.complete(null), written::completeExceptionally));
        WebSockets.close(session, 1013, "slow reader");
        WebSockets.close(session, 1012, "restart");
        assertThat(peer.closed.get(10, TimeUnit.SECONDS)).isEqualTo("1013 slow reader");
        assertThat(peer.texts).hasSize(101).endsWith("99", "encoded");
        assertThat(written).isCompleted();
        assertThatThrownBy(() -> WebSockets.close(session, 1006, "")).hasMessageStartingWith("close code: 1006 ");
        assertThat(app.shutdown("test").isClean()).isTrue();
    }

    /** Some frameworks close a session whose listener has failed, and Jetty would drop what is queued. */
    @Test
    void aCloseOfAFrameworksAfterOursIsHeldUntilThePeerHasEverything() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        List<Session> sessions = new CopyOnWriteArrayList<>();
        start(WebSocketUpgradeHandler.from(
                server,
                container ->
                        container.addMapping("/ws", (request, response, callback) -> new Hasty(sessions, closed))));
        try (RawPeer peer = RawPeer.open(uri("ws", "/ws"))) {
            Awaitility.await().until(() -> sessions.size() == 1);
            String text = "q".repeat(40_000);
            for (int i = 0; i < 200; i++) {
                sessions.get(0).sendText(text, org.eclipse.jetty.websocket.api.Callback.NOOP);
            }
            CompletableFuture<String> toldLater = closeSeenBy(connector.getLocalPort());
            app.requestShutdown("test");
            assertThat(toldLater.get(10, TimeUnit.SECONDS)).isEqualTo("1001 shutting down");
            Thread flood = new Thread(
                    // If the server closed the connection with frames unread, they would reset it.
                    () -> {
                        try {
                            while (true) {
                                peer.send("fail");
                            }
                        } catch (IOException end) {
                            // The connection is closed.
                        }
                    });
            flood.start();
            closed.await();
            assertThat(peer.seen(Duration.ofSeconds(10)))
                    .isEqualTo(new io.lifecycle4j.jetty.Peer.Seen(1001, "shutting down", 200, 8_000_000));
        }
        assertThat(app.shutdown("again").isClean()).isTrue();
    }

    /** Closes its session at the first message. The class is public so that Jetty can call it. */
    public static final class Hasty extends Session.Listener.AbstractAutoDemanding {
        private final List<Session> sessions;
        private final CountDownLatch closed;

        Hasty(List<Session> sessions, CountDownLatch closed) {
            this.sessions = sessions;
            this.closed = closed;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            sessions.add(session);
        }

        @Override
        public void onWebSocketText(String text) {
            getSession().close(1011, "failure", org.eclipse.jetty.websocket.api.Callback.NOOP);
            closed.countDown();
        }
    }

    /** HAProxy and nginx would close their connection to the peer, and reset it if the peer still writes. */
    @Test
    void aConnectionIsNotHalfClosedBeforeThePeerHasAnsweredItsCloseFrame() throws Exception {
        start(WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> new Echo())));
        try (Socket socket = connect()) {
            send(socket, UPGRADE);
            InputStream in = socket.getInputStream();
            for (String head = ""; !head.endsWith("\r\n\r\n"); ) {
                head += (char) in.read();
            }
            app.requestShutdown("test");
            assertThat(in.read()).isEqualTo(0x88);
            byte[] payload = in.readNBytes(in.read());
            assertThat(new String(payload, 2, payload.length - 2, US_ASCII)).isEqualTo("shutting down");

            socket.setSoTimeout(200);
            assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);

            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(new byte[] {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 0x03, (byte) 0xE9});
            assertThat(in.read()).isEqualTo(-1);
            assertThat(app.shutdown("test").steps().get(0).note())
                    .isEqualTo("WebSocket sessions: 1 told, 1 closed, 0 cut");
        }
    }

    private WebSocket webSocket(Peer peer) throws Exception {
        return client.newWebSocketBuilder().buildAsync(uri("ws", "/ws"), peer).get(10, TimeUnit.SECONDS);
    }

    /** Returns the close code and reason that a client sees which answers at once. */
    static CompletableFuture<String> closeSeenBy(int port) throws Exception {
        Peer peer = new Peer(true);
        HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create("ws://127.0.0.1:" + port + "/ws"), peer)
                .get(10, TimeUnit.SECONDS);
        return peer.closed;
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

    private final class Upload extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            InputStream in = Content.Source.asInputStream(request);
            int first = in.read();
            arrived.countDown();
            int count = (first < 0 ? 0 : 1) + in.readAllBytes().length;
            response.write(true, ByteBuffer.wrap(String.valueOf(count).getBytes(US_ASCII)), callback);
            return true;
        }
    }

    /** The class is public so that Jetty can call it. */
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
