package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** During the announce delay all is served, and the clients are told to move. */
@Timeout(60)
class AnnounceTest {
    private static final Pattern LENGTH = Pattern.compile("Content-Length: ([0-9]+)");
    private static final String GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

    private final CountDownLatch announced = new CountDownLatch(1);
    private final CountDownLatch drain = new CountDownLatch(1);
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(
            server, new HttpConnectionFactory(), new HTTP2CServerConnectionFactory(new HttpConfiguration()));
    private final AppBuilder builder =
            App.builder("test").shutdownTimeout(Duration.ofMinutes(2)).callbackTimeout(Duration.ofSeconds(20));
    private final App app = builder.build();
    private final RequestGate looking = builder.gate("test");
    private final HTTP2Client client = new HTTP2Client();

    private void start(Duration delay) throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(new Slow());
        builder.announceDelay(delay);
        builder.server(JettyServer.of("business", server));
        builder.server(new Hold());
        if (delay.isZero()) {
            builder.onAnnounce("hold", context -> hold());
        }
        // The drain lasts until the test has looked.
        assertThat(looking.tryEnter()).isTrue();
        app.start();
        client.start();
    }

    private void hold() throws InterruptedException {
        announced.countDown();
        drain.await();
    }

    private void announce() throws Exception {
        app.requestShutdown("test");
        announced.await();
    }

    private void drain() {
        drain.countDown();
        Awaitility.await().until(() -> app.phase() == Phase.DRAIN);
    }

    @AfterEach
    void stop() throws Exception {
        drain.countDown();
        release.countDown();
        looking.leave();
        app.close();
        client.stop();
    }

    @Test
    void responsesOnOldAndNewConnectionsSayCloseWhileAllIsServed() throws Exception {
        start(Duration.ofMillis(1));
        try (Http1 old = new Http1()) {
            assertThat(old.send(GET)).startsWith("HTTP/1.1 200").doesNotContainIgnoringCase("connection:");
            announce();
            assertThat(old.send(GET)).startsWith("HTTP/1.1 200").contains("Connection: close");
            assertThat(old.isClosed()).isTrue();
            try (Http1 late = new Http1()) {
                assertThat(late.send(GET)).startsWith("HTTP/1.1 200").contains("Connection: close");
                assertThat(late.isClosed()).isTrue();
            }
        }
    }

    @Test
    void withoutADelayNothingIsSaidWhileCallbacksAnnounce() throws Exception {
        start(Duration.ZERO);
        try (Http1 old = new Http1()) {
            Http2Peer peer = new Http2Peer(client, connector.getLocalPort());
            assertThat(peer.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
            announce();
            assertThat(old.send(GET)).startsWith("HTTP/1.1 200").doesNotContainIgnoringCase("connection:");
            assertThat(peer.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
            assertThat(peer.goneAway).isNotDone();
        }
    }

    @Test
    void idleConnectionsAreClosedWhenTheDelayEndsAndNotBefore() throws Exception {
        start(Duration.ofMillis(1));
        try (Http1 idle = new Http1();
                Http1 unused = new Http1();
                Http1 upload = new Http1()) {
            idle.send(GET);
            upload.send(GET);
            upload.write("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n1");
            arrived.await();
            announce();
            Awaitility.await().until(new OpenConnections(server)::areQuiet);
            assertThat(idle.isOpen()).isTrue();
            drain();
            assertThat(idle.isClosed()).isTrue();
            assertThat(unused.send(GET)).startsWith("HTTP/1.1 503").contains("Connection: close");
            assertThat(upload.send("2")).startsWith("HTTP/1.1 200").contains("Connection: close");
        }
    }

    @Test
    void anIdleHttp2ConnectionGetsGoAwayAtOnceAndANewOneAfterItsFirstResponse() throws Exception {
        start(Duration.ofMillis(1));
        Http2Peer idle = new Http2Peer(client, connector.getLocalPort());
        assertThat(idle.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
        announce();
        assertThat(idle.goneAway.get(10, TimeUnit.SECONDS).isGraceful()).isTrue();
        // The client of the protocol's own library opens no stream after GOAWAY; a new connection is told after its
        // first response.
        Http2Peer late = new Http2Peer(client, connector.getLocalPort());
        assertThat(late.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(late.goneAway.get(10, TimeUnit.SECONDS).getError()).isZero();
    }

    /** The HttpClient of JDK 17, up to 17.0.15, fails every request in flight when GOAWAY arrives. */
    @Test
    void aBusyHttp2ConnectionGetsGoAwayWhenItsLastStreamHasEnded() throws Exception {
        start(Duration.ofMillis(1));
        Http2Peer busy = new Http2Peer(client, connector.getLocalPort());
        CompletableFuture<Integer> slow = busy.get("/slow");
        arrived.await();
        announce();
        assertThat(busy.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(busy.goneAway).isNotDone();
        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(busy.goneAway.get(10, TimeUnit.SECONDS).getError()).isZero();
    }

    /** The drain begins when the test says so: this server's announcement lasts that long. */
    private final class Hold implements ManagedServer {
        private final RequestGate gate = new RequestGate("hold");

        @Override
        public String name() {
            return "hold";
        }

        @Override
        public List<RequestGate> gates() {
            return List.of(gate);
        }

        @Override
        public void start(ServerContext context) {}

        @Override
        public void announce(ShutdownContext context) throws InterruptedException {
            hold();
        }

        @Override
        public void stop(ShutdownContext context) {}
    }

    private final class Http1 implements AutoCloseable {
        private final Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());

        Http1() throws IOException {
            socket.setSoTimeout(10_000);
        }

        /** Returns the head and the four bytes of the response. */
        String send(String text) throws IOException {
            write(text);
            StringBuilder response = new StringBuilder();
            while (response.indexOf("\r\n\r\n") < 0) {
                int next = socket.getInputStream().read();
                assertThat(next).as("after " + response).isNotNegative();
                response.append((char) next);
            }
            Matcher length = LENGTH.matcher(response);
            assertThat(length.find()).isTrue();
            socket.getInputStream().readNBytes(Integer.parseInt(length.group(1)));
            return response.toString();
        }

        void write(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(US_ASCII));
        }

        /** Waits for the end of the connection. */
        boolean isClosed() throws IOException {
            return socket.getInputStream().read() < 0;
        }

        boolean isOpen() throws IOException {
            socket.setSoTimeout(1);
            try {
                return socket.getInputStream().read() >= 0;
            } catch (SocketTimeoutException e) {
                return true;
            } finally {
                socket.setSoTimeout(10_000);
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private final class Slow extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String path = Request.getPathInContext(request);
            if (path.equals("/slow")) {
                arrived.countDown();
                release.await();
            }
            if (path.equals("/upload")) {
                arrived.countDown();
                try (InputStream in = Request.asInputStream(request)) {
                    in.readAllBytes();
                }
            }
            response.write(true, ByteBuffer.wrap("done".getBytes(US_ASCII)), callback);
            return true;
        }
    }
}
