package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.ShutdownReport.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.CustomRequestLog;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLogWriter;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Options that cannot be lost, errors of starts that name what is wrong, and servers that a framework starts. */
@Timeout(30)
class ConfigurationTest {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final AppBuilder builder = App.builder("test");
    private final JettyServer jetty = JettyServer.of("business", server);
    private final App app = builder.build();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    ConfigurationTest() {
        connector.setHost("127.0.0.1");
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                if (Request.getPathInContext(request).startsWith("/slow")) {
                    arrived.countDown();
                    release.await();
                }
                response.write(true, ByteBuffer.wrap("done".getBytes(US_ASCII)), callback);
                return true;
            }
        });
    }

    @AfterEach
    void stop() {
        release.countDown();
        app.close();
    }

    private void start() throws Exception {
        server.addConnector(connector);
        builder.server(jetty);
        app.start();
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + path);
        return client.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    @Test
    void anOptionThatComesAfterTheRegistrationIsRefusedWithWhatToDo() {
        JettyServer registered = builder.server(jetty);
        assertThatThrownBy(() -> registered.drainPolicy(DrainPolicy.SERVE_UNTIL_IDLE))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("server 'business' is registered, and drainPolicy would be lost (expected: before it;"
                        + " app.server(JettyServer.of(...).drainPolicy(...)))");
        assertThatThrownBy(() -> registered.retryAfter(Duration.ZERO)).hasMessageContaining("retryAfter would be lost");
        assertThatThrownBy(() -> registered.rejectWith(503, "text/plain", ""))
                .hasMessageContaining("rejectWith would be lost");
        assertThatThrownBy(() -> registered.rejectWith((request, response, callback) -> false))
                .hasMessageContaining("rejectWith would be lost");
        assertThatThrownBy(() -> registered.exempt(request -> true)).hasMessageContaining("exempt would be lost");
        assertThatThrownBy(() -> registered.webSocket(ws -> {})).hasMessageContaining("webSocket would be lost");
        assertThatThrownBy(() -> registered.startedBy(server::start, server::stop))
                .hasMessageContaining("startedBy would be lost");
        assertThat(registered.gates()).isEqualTo(jetty.gates());
    }

    @Test
    void webSocketOptionsThatWereKeptForLaterAreRefused() {
        WebSocketOptions[] kept = new WebSocketOptions[1];
        builder.server(jetty.webSocket(ws -> kept[0] = ws));
        assertThatThrownBy(() -> kept[0].closeCode(1012, "restart"))
                .hasMessage("WebSocket options are set already; set them within JettyServer.webSocket(...)");
    }

    @Test
    void aHandlerMayAnswerRejectedRequestsAndLeavesTheOthersToTheFixedAnswer() throws Exception {
        jetty.retryAfter(Duration.ofSeconds(7)).rejectWith((request, response, callback) -> {
            if (!Request.getPathInContext(request).equals("/own")) {
                return false;
            }
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain");
            response.write(true, ByteBuffer.wrap("later".getBytes(US_ASCII)), callback);
            return true;
        });
        start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        arrived.await();
        app.requestShutdown("test");
        Awaitility.await().until(() -> jetty.gates().get(0).isClosed());
        HttpResponse<String> own = get("/own").get(10, TimeUnit.SECONDS);
        assertThat(own.statusCode()).isEqualTo(503);
        assertThat(own.body()).isEqualTo("later");
        assertThat(own.headers().firstValue("retry-after")).hasValue("7");
        assertThat(own.headers().firstValue("connection")).hasValue("close");
        assertThat(get("/other").get(10, TimeUnit.SECONDS).body()).contains("\"status\":503");
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
    }

    @Test
    void anExemptRequestInFlightIsWaitedForAtTheStop() throws Exception {
        jetty.exempt(request -> true);
        start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        arrived.await();
        app.requestShutdown("test");
        Awaitility.await().until(() -> app.phase() == io.lifecycle4j.Phase.STOP);
        assertThat(get("/").get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
        assertThat(app.shutdown("again").outcome()).isEqualTo(Outcome.CLEAN);
    }

    @Test
    void anExemptRequestThatOutlivesTheStopIsCutAndNamed() throws Exception {
        builder.stopTimeout(Duration.ofSeconds(1));
        jetty.drainPolicy(DrainPolicy.ALWAYS_OPEN);
        start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow;id=secret?token=secret");
        arrived.await();
        ShutdownReport report = app.shutdown("test");
        assertThat(slow).failsWithin(Duration.ofSeconds(10));
        assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(report.steps().get(0).cut()).singleElement().asString().matches("GET /slow, \\d+ ms");
    }

    @Test
    void aResponseThatItsConnectionsIdleLimitEndsInTheDrainIsNamed() throws Exception {
        connector.setIdleTimeout(1_000);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                response.write(true, ByteBuffer.allocate(40 << 20), callback);
                return true;
            }
        });
        start();
        try (Socket stalled = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort())) {
            stalled.getOutputStream().write("GET /large HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(US_ASCII));
            Awaitility.await().until(() -> app.inFlight() == 1);
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(report.steps().get(0).cut())
                    .singleElement()
                    .asString()
                    .matches("GET /large, \\d+ ms, ended by the idle limit of its connection");
        }
    }

    @Test
    void aFrameworkStartsAndStopsItsServer() throws Exception {
        List<String> events = new CopyOnWriteArrayList<>();
        jetty.startedBy(
                () -> {
                    events.add("start");
                    server.addConnector(connector); // as Javalin does
                    server.start();
                },
                () -> {
                    events.add("stop");
                    server.stop();
                });
        builder.server(jetty);
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        arrived.await();
        app.requestShutdown("test");
        Awaitility.await().until(() -> jetty.gates().get(0).isClosed());
        assertThat(get("/").get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
        assertThat(app.shutdown("again").isClean()).isTrue();
        assertThat(events).containsExactly("start", "stop");
    }

    @Test
    void aFrameworkThatStopsItsServerWhenItsStartFailsHasItsOwnFailureReported() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            connector.setPort(other.getLocalPort());
            server.addConnector(connector);
            jetty.startedBy(
                    () -> {
                        try {
                            server.start();
                        } catch (Exception e) { // as Javalin does
                            server.stop();
                            throw new IllegalStateException("not started", e);
                        }
                    },
                    server::stop);
            assertThatThrownBy(this::start)
                    .isInstanceOf(AppStartException.class)
                    .hasMessage("App 'test' did not start: server 'business' cannot listen on 127.0.0.1:"
                            + other.getLocalPort() + ": Address already in use (free the port, or choose another)")
                    .hasNoSuppressedExceptions();
        }
    }

    @Test
    void aFrameworkThatStartsAnotherServerIsAFailedStart() {
        jetty.startedBy(() -> {}, () -> {});
        assertThatThrownBy(this::start)
                .isInstanceOf(AppStartException.class)
                .hasMessage("App 'test' did not start: server 'business' is STOPPED after its start (expected: STARTED;"
                        + " startedBy must start the same Server)");
    }

    @Test
    void aServerWithoutAConnectorDoesNotStart() {
        builder.server(jetty);
        assertThatThrownBy(app::start)
                .hasMessage("App 'test' did not start: server 'business' has no connector, and would serve nobody"
                        + " (expected: at least one)");
    }

    @Test
    void aServerThatWasStartedOrGivenAHookAfterItWasWrappedDoesNotStart() throws Exception {
        builder.server(jetty);
        server.setStopAtShutdown(true);
        assertThatThrownBy(app::start)
                .hasMessageStartingWith(
                        "App 'test' did not start: server 'business': stopAtShutdown: true (expected: false;");
        server.setStopAtShutdown(false);

        Server other = new Server();
        AppBuilder otherBuilder = App.builder("other");
        otherBuilder.server(JettyServer.of("admin", other));
        other.start();
        assertThatThrownBy(otherBuilder.build()::start)
                .hasMessage(
                        "App 'other' did not start: server 'admin': state STARTED (expected: STOPPED; leave the start to"
                                + " the app, or give it a framework's start with startedBy)");
        other.stop();
    }

    @Test
    void aMissingFolderOfTheRequestLogIsNotCalledTls(@TempDir Path folder) {
        server.setRequestLog(new CustomRequestLog(
                new RequestLogWriter(folder.resolve("missing/requests.log").toString()), CustomRequestLog.NCSA_FORMAT));
        assertThatThrownBy(this::start)
                .isInstanceOf(AppStartException.class)
                .hasMessageStartingWith("App 'test' did not start: server 'business' could not start: ")
                .hasMessageContaining("missing")
                .hasMessageNotContaining("TLS");
    }

    @Test
    void aUnixDomainSocketInUseIsNamed(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("business.socket");
        Server holder = new Server();
        holder.addConnector(unixDomain(holder, path));
        holder.start();
        try {
            server.addConnector(unixDomain(server, path));
            assertThatThrownBy(this::start)
                    .isInstanceOf(AppStartException.class)
                    .hasMessageContaining("server 'business' cannot listen on ")
                    .hasMessageContaining(path.toString())
                    .hasMessageContaining("in use");
        } finally {
            holder.stop();
            boolean unused = Files.deleteIfExists(path);
        }
    }

    private static UnixDomainServerConnector unixDomain(Server owner, Path path) {
        UnixDomainServerConnector unix = new UnixDomainServerConnector(owner);
        unix.setUnixDomainPath(path);
        return unix;
    }

    /** RFC 8446, section 6.1: without close_notify, a client cannot distinguish the end from an attack. */
    @Test
    void tlsConnectionsEndWithCloseNotify() throws Exception {
        Connectors connectors = new Connectors(server);
        builder.server(jetty);
        app.start();
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        try (Socket raw = new RecordedSocket(connectors.secure.getLocalPort(), records);
                SSLSocket socket = (SSLSocket) connectors
                        .client(Connectors.Protocol.HTTP_1_1_TLS)
                        .sslContext()
                        .getSocketFactory()
                        .createSocket(raw, "localhost", raw.getPort(), true)) {
            // TLS 1.3 hides the type of a record.
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
            InputStream in = socket.getInputStream();
            assertThat(in.read()).isEqualTo('H');
            assertThat(app.shutdown("test").isClean()).isTrue();
            assertThat(new String(in.readAllBytes(), US_ASCII)).endsWith("done");
        }
        int type = 0;
        for (ByteBuffer left = ByteBuffer.wrap(records.toByteArray()); left.hasRemaining(); ) {
            type = left.get();
            left.getShort(); // version
            left.position(left.position() + 2 + Short.toUnsignedInt(left.getShort(left.position())));
        }
        assertThat(type).isEqualTo(21); // an alert
    }

    /** Keeps the bytes that it receives. */
    private static final class RecordedSocket extends Socket {
        private final ByteArrayOutputStream record;

        RecordedSocket(int port, ByteArrayOutputStream record) throws IOException {
            super("localhost", port);
            this.record = record;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    int read = super.read();
                    if (read >= 0) {
                        record.write(read);
                    }
                    return read;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    int read = super.read(bytes, offset, length);
                    if (read > 0) {
                        record.write(bytes, offset, read);
                    }
                    return read;
                }
            };
        }
    }
}
