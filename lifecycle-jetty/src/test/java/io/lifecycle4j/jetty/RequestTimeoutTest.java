package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.EagerContentHandler;
import org.eclipse.jetty.server.handler.EagerContentHandler.RetainedContentLoaderFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that send slowly hold neither threads nor the shutdown. */
@Timeout(60)
class RequestTimeoutTest {
    private static final String POST = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
    private static final String LAST_POST =
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n";
    private static final String GET = "GET /get HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final int THREADS = 12;

    private final Server server = new Server(new QueuedThreadPool(THREADS));
    private final AppBuilder builder = App.builder("test");
    private final JettyServer jetty = JettyServer.of("business", server);
    private final App app = builder.build();
    private final ScheduledExecutorService drips = Executors.newScheduledThreadPool(1);
    private final List<Socket> sockets = new ArrayList<>();
    private final Connectors connectors = new Connectors(server);
    private final HTTP2Client http2 = new HTTP2Client();

    RequestTimeoutTest() throws Exception {}

    private void start(Handler handler) throws Exception {
        server.setHandler(handler);
        builder.server(jetty);
        app.start();
    }

    @AfterEach
    void stop() throws Exception {
        app.close();
        http2.stop();
        drips.shutdownNow();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** How a service reads a body. */
    enum Reading {
        BLOCKING,
        ASYNCHRONOUS,
        EAGER,
        SERVLET
    }

    private static Handler handler(Reading reading) {
        return switch (reading) {
            case BLOCKING -> new Blocking();
            case ASYNCHRONOUS -> new Asynchronous();
            case EAGER -> new EagerContentHandler(new Blocking(), new RetainedContentLoaderFactory(2_000, -1, true));
            case SERVLET -> {
                ServletContextHandler context = new ServletContextHandler("/");
                context.addServlet(new Servlet(), "/*");
                yield context;
            }
        };
    }

    private static final class Blocking extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            answer(response, callback, Content.Source.asString(request));
            return true;
        }
    }

    private static final class Asynchronous extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Content.Source.asString(
                    request, UTF_8, Promise.from(body -> answer(response, callback, body), callback::failed));
            return true;
        }
    }

    /** Public, so that Jetty can call it. */
    public static class Servlet extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.getOutputStream().print("read " + request.getInputStream().readAllBytes().length);
        }
    }

    private static void answer(Response response, Callback callback, String body) {
        Content.Sink.write(response, true, "read " + body.length(), callback);
    }

    @ParameterizedTest
    @EnumSource
    void aBodyThatComesTooSlowlyEndsWith408AndTheServerGoesOn(Reading reading) throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(handler(reading));

        for (Socket socket : dripping(2 * THREADS, POST)) {
            assertThat(rest(socket)).startsWith("HTTP/1.1 408");
        }
        assertThat(rest(open(LAST_POST + "x".repeat(1_000))))
                .startsWith("HTTP/1.1 200")
                .endsWith("read 1000");
    }

    @Test
    void aBodyThatIsCutStartsNoThread() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        ((QueuedThreadPool) server.getThreadPool()).setReservedThreads(0); // as if others had taken them
        start(new Asynchronous());
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long before = threads.getTotalStartedThreadCount();

        for (Socket socket : dripping(10 * THREADS, POST)) {
            assertThat(rest(socket)).startsWith("HTTP/1.1 408");
        }
        // Those of the pool may have started meanwhile, and of the test.
        assertThat(threads.getTotalStartedThreadCount() - before).isLessThan(3 * THREADS);
    }

    @Test
    void aChunkedBodyThatComesTooSlowlyEndsWith408() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());

        assertThat(rest(open("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx")))
                .startsWith("HTTP/1.1 408");
    }

    @Test
    void aBodyOverTlsThatComesTooSlowlyEndsWith408() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());
        Socket socket = connectors.tlsSocket();
        sockets.add(socket);
        send(socket, POST + "x");

        assertThat(rest(socket)).startsWith("HTTP/1.1 408");
    }

    @Test
    void aBodyOverHttp2ThatComesTooSlowlyEndsWith408AndTheConnectionGoesOn() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());
        http2.start();
        Http2Peer peer = new Http2Peer(http2, connectors.clear.getLocalPort());

        assertThat(peer.postOneByteOf("/").get(20, TimeUnit.SECONDS)).isEqualTo(408);
        assertThat(peer.get("/").get(20, TimeUnit.SECONDS)).isEqualTo(200);
    }

    @Test
    void aBodyThatIsFastEnoughMayTakeLongerThanTheTime() throws Exception {
        jetty.requestTimeout(Duration.ofSeconds(1), 10);
        start(new Blocking());
        Socket socket = open(LAST_POST);
        // Ten times as fast as it must be, for 2 s.
        every100Millis(socket, "x".repeat(50));

        assertThat(rest(socket)).startsWith("HTTP/1.1 200").endsWith("read 1000");
    }

    @Test
    void theTimeInWhichTheHandlerDoesNotWaitIsNotCounted() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Handler.Wrapper(new Blocking()) {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                if (request.getHeaders().contains("Busy")) {
                    release.await();
                }
                return super.handle(request, response, callback);
            }
        });
        Socket busy = open(LAST_POST.replace("Host", "Busy: yes\r\nHost") + "x");
        // Each has waited for longer than the time when it is answered.
        assertThat(rest(dripping(1, POST).get(0))).startsWith("HTTP/1.1 408");
        assertThat(rest(dripping(1, POST).get(0))).startsWith("HTTP/1.1 408");

        release.countDown();
        send(busy, "x".repeat(999));
        assertThat(rest(busy)).startsWith("HTTP/1.1 200").endsWith("read 1000");
    }

    @Test
    void aHeaderThatDripsIsCutAndAnIdleConnectionIsNot() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());
        Socket fresh = open("");
        Socket kept = open(GET);
        readResponse(kept);
        Socket later = open(GET);
        readResponse(later);

        for (Socket socket : dripping(50, "GET / HTTP/1.1\r\nX: ")) {
            assertThat(rest(socket)).isEmpty();
        }
        send(later, "GET / HTTP/1.1\r\nX: ");
        every100Millis(later, "x");
        assertThat(rest(later)).isEmpty();

        send(fresh, GET);
        send(kept, GET);
        readResponse(fresh);
        readResponse(kept);
    }

    @Test
    void anHttp2ConnectionThatKeepsItselfAliveIsNotCut() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());
        http2.start();
        Http2Peer peer = new Http2Peer(http2, connectors.clear.getLocalPort());
        assertThat(peer.get("/").get(20, TimeUnit.SECONDS)).isEqualTo(200);
        var unused = drips.scheduleAtFixedRate(peer::ping, 0, 100, TimeUnit.MILLISECONDS);
        // Longer than it takes to cut a header that drips, twice.
        for (int i = 0; i < 2; i++) {
            assertThat(rest(dripping(1, "GET / HTTP/1.1\r\nX: ").get(0))).isEmpty();
        }
        assertThat(peer.get("/").get(20, TimeUnit.SECONDS)).isEqualTo(200);
    }

    @Test
    void noneOfManyUploadsIsTakenForAHeader() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 100);
        start(new Asynchronous());
        List<Socket> uploads = new ArrayList<>();
        for (int i = 0; i < 300; i++) { // more than the few threads have places to remember
            Socket upload = open(LAST_POST.replace("1000", "2000"));
            every100Millis(upload, "x".repeat(50));
            uploads.add(upload);
        }
        for (Socket upload : uploads) {
            assertThat(rest(upload)).startsWith("HTTP/1.1 200").endsWith("read 2000");
        }
    }

    @Test
    void aHandshakeThatDripsIsCut() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());
        Socket socket = open(connectors.secure.getLocalPort(), "");
        // The first bytes of a record of 16 KB that is a handshake's.
        socket.getOutputStream().write(new byte[] {0x16, 0x03, 0x01, 0x40, 0x00});
        every100Millis(socket, "\u0001");

        assertThat(rest(socket)).as("an alert of TLS, and the end").doesNotContain("HTTP");
    }

    @Test
    void aSlowClientDoesNotSpoilAShutdown() throws Exception {
        jetty.requestTimeout(Duration.ofMillis(300), 1_000);
        start(new Blocking());
        List<Socket> slow = dripping(THREADS, POST);
        Awaitility.await().until(() -> jetty.gates().get(0).inFlight() > 0);

        ShutdownReport report = app.shutdown("test");

        assertThat(report.isClean()).isTrue();
        assertThat(report.phases().get(Phase.DRAIN)).isLessThan(Duration.ofSeconds(5));
        for (Socket socket : slow) {
            assertThat(rest(socket)).matches("(?s)(HTTP/1.1 (408|503).*)?");
        }
    }

    @Test
    void wrongValuesAreRefused() {
        assertThatThrownBy(() -> jetty.requestTimeout(Duration.ofMillis(99), 1))
                .hasMessage("requestTimeout: PT0.099S (expected: at least 100 ms)");
        assertThatThrownBy(() -> jetty.requestTimeout(Duration.ofDays(366), 1))
                .hasMessageContaining("expected: at most 365 days");
        assertThatThrownBy(() -> jetty.requestTimeout(Duration.ofSeconds(1), 0))
                .hasMessage("bytesPerSecond: 0 (expected: at least 1)");
    }

    private Socket open(String text) throws IOException {
        return open(connectors.clear.getLocalPort(), text);
    }

    private Socket open(int port, String text) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(socket);
        send(socket, text);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
    }

    /** Opens connections on each of which a byte follows the text again and again. */
    private List<Socket> dripping(int count, String text) throws IOException {
        List<Socket> opened = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket socket = open(text);
            every100Millis(socket, "x");
            opened.add(socket);
        }
        return opened;
    }

    /** Sends the text again and again until the peer has closed. */
    private void every100Millis(Socket socket, String text) {
        var unused = drips.scheduleAtFixedRate(
                () -> {
                    try {
                        send(socket, text);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                0,
                100,
                TimeUnit.MILLISECONDS);
    }

    /** Returns what comes until the peer closes; a peer that has not read all that was sent resets the connection after that. */
    private static String rest(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        try {
            for (int read = in.read(); read >= 0; read = in.read()) {
                text.append((char) read);
            }
        } catch (SocketException e) {
            return text.toString();
        }
        return text.toString();
    }

    private static void readResponse(Socket socket) throws IOException {
        assertThat(new String(socket.getInputStream().readNBytes(12), US_ASCII)).isEqualTo("HTTP/1.1 200");
        StringBuilder text = new StringBuilder();
        while (text.indexOf("read 0") < 0) {
            text.append((char) socket.getInputStream().read());
        }
    }
}
