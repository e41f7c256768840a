package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ShutdownReport;
import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.eclipse.jetty.http2.HTTP2Session;
import org.eclipse.jetty.http2.SessionContainer;
import org.eclipse.jetty.http2.api.Session;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.frames.DataFrame;
import org.eclipse.jetty.http2.frames.Frame;
import org.eclipse.jetty.http2.frames.FrameType;
import org.eclipse.jetty.http2.frames.GoAwayFrame;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An HTTP/2 client sees the drain frame by frame. */
@Timeout(60)
class Http2DrainTest {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Server server = new Server();
    private final ServerConnector connector =
            new ServerConnector(server, new HTTP2CServerConnectionFactory(new HttpConfiguration()));
    private final AppBuilder builder = App.builder("test");
    private final JettyServer jetty = JettyServer.of("business", server);
    private final App app = builder.build();
    private final HTTP2Client client = new HTTP2Client();

    @BeforeEach
    void start() throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(new Slow());
        builder.server(jetty);
        app.start();
        client.start();
    }

    @AfterEach
    void stop() throws Exception {
        release.countDown();
        app.close();
        client.stop();
    }

    /** The HttpClient of JDK 17, up to 17.0.15, fails every request in flight when GOAWAY arrives. */
    @Test
    void goAwayIsSaidWhenTheLastStreamHasEndedAndANewConnectionGets503AndGoAway() throws Exception {
        Http2Peer early = new Http2Peer(client, connector.getLocalPort());
        CompletableFuture<Integer> slow = early.get("/slow");
        arrived.await();
        app.requestShutdown("test");
        Awaitility.await().until(() -> jetty.gates().get(0).isClosed());

        Http2Peer late = new Http2Peer(client, connector.getLocalPort());
        assertThat(late.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(503);
        assertThat(late.goneAway.get(10, TimeUnit.SECONDS).getError()).isZero();
        assertThat(early.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(503);
        assertThat(early.goneAway).isNotDone();

        release.countDown();
        assertThat(slow.get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(early.goneAway.get(10, TimeUnit.SECONDS).isGraceful()).isTrue();
        ShutdownReport report = app.shutdown("again");
        assertThat(report.isClean()).isTrue();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 2));
    }

    /** The same client fails a request whose response it has, but whose end its application's thread has not seen yet. */
    @Test
    void goAwayFollowsTheLastFrameOfAResponseAfterAPause() throws Exception {
        Http2Peer peer = new Http2Peer(client, connector.getLocalPort());
        CompletableFuture<Integer> slow = peer.get("/slow");
        arrived.await();
        CompletableFuture<Long> ended = new CompletableFuture<>();
        CompletableFuture<Long> goneAway = new CompletableFuture<>();
        server.getContainedBeans(SessionContainer.class).stream()
                .flatMap(container -> container.getSessions().stream())
                .forEach(session -> ((HTTP2Session) session).addEventListener(new HTTP2Session.FrameListener() {
                    @Override
                    public void onOutgoingFrame(Session session, Frame frame) {
                        if (frame instanceof DataFrame data && data.isEndStream()) {
                            ended.complete(System.nanoTime());
                        } else if (frame instanceof GoAwayFrame) {
                            goneAway.complete(System.nanoTime());
                        }
                    }
                }));

        app.requestShutdown("test");
        release.countDown();

        assertThat(slow.get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(peer.goneAway.get(10, TimeUnit.SECONDS).isGraceful()).isTrue();
        assertThat(Duration.ofNanos(goneAway.join() - ended.join())).isGreaterThanOrEqualTo(OpenConnections.QUIET);
        assertThat(app.shutdown("again").isClean()).isTrue();
    }

    @Test
    void anIdleConnectionIsToldAndNotWaitedFor() throws Exception {
        Http2Peer idle = new Http2Peer(client, connector.getLocalPort());
        assertThat(idle.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(app.shutdown("test").isClean()).isTrue();
        assertThat(idle.goneAway.get(10, TimeUnit.SECONDS).getError()).isZero();
        Awaitility.await().until(idle.closed::isDone);
    }

    @Test
    void aConnectorThatIsAddedAfterTheStartIsDrainedToo() throws Exception {
        ServerConnector late = new ServerConnector(server, new HTTP2CServerConnectionFactory(new HttpConfiguration()));
        late.setHost("127.0.0.1");
        server.addConnector(late);
        late.start();
        Http2Peer idle = new Http2Peer(client, late.getLocalPort());
        assertThat(idle.get("/").get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(app.shutdown("test").isClean()).isTrue();
        assertThat(idle.goneAway.get(10, TimeUnit.SECONDS).getError()).isZero();
    }

    /** Jetty adds such a session to its container only when the first handler has returned. */
    @Test
    void aConnectionThatWasUpgradedFromHttp1IsToldThoughItsHandlerStillBlocks() throws Exception {
        ServerConnector upgrading = new ServerConnector(
                server, new HttpConnectionFactory(), new HTTP2CServerConnectionFactory(new HttpConfiguration()));
        upgrading.setHost("127.0.0.1");
        server.addConnector(upgrading);
        upgrading.start();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), upgrading.getLocalPort())) {
            socket.getOutputStream()
                    .write(
                            ("GET /slow HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                            + "HTTP2-Settings: \r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                                    .getBytes(US_ASCII));
            arrived.await();
            app.requestShutdown("test");
            Awaitility.await().until(() -> jetty.gates().get(0).isClosed());
            release.countDown();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            for (String head = ""; !head.endsWith("\r\n\r\n"); ) {
                head += (char) in.read();
            }
            List<Integer> types = new ArrayList<>();
            while (!types.contains(FrameType.GO_AWAY.getType())) {
                int length = (in.readUnsignedByte() << 16) + in.readUnsignedShort();
                types.add(in.readUnsignedByte());
                in.readNBytes(1 + 4 + length);
            }
            assertThat(types).containsSubsequence(FrameType.DATA.getType(), FrameType.GO_AWAY.getType());
        }
        assertThat(app.shutdown("again").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
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
}
