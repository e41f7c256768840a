package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.ShutdownReport.Outcome;
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Session;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.websocket.jakarta.server.JakartaWebSocketServerContainer;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ConnectHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.eclipse.jetty.websocket.core.server.WebSocketNegotiator;
import org.eclipse.jetty.websocket.core.server.WebSocketUpgradeHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A connection that cannot be told to close is waited for, then cut and named. */
@Timeout(30)
class UpgradedConnectionsTest {
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final AppBuilder builder = App.builder("test");
    private final JettyServer jetty = JettyServer.of("business", server);
    private final App app = builder.build();

    @BeforeEach
    void capture() {
        log.list = new CopyOnWriteArrayList<>();
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void stop() {
        app.close();
        logger.detachAppender(log);
    }

    private void start(Handler handler) throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(handler);
        builder.server(jetty);
        app.start();
    }

    private Socket upgraded(String request, String answer) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
        socket.getOutputStream().write((request + "\r\n\r\n").getBytes(US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.read());
        }
        assertThat(head.toString()).startsWith(answer);
        return socket;
    }

    @Test
    void aTunnelIsWaitedForAndItsEndEndsTheDrain() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(20)).shutdownTimeout(Duration.ofMinutes(1));
        start(new ConnectHandler());
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = tunnelTo(target);
                Socket far = target.accept()) {
            app.requestShutdown("test");
            Awaitility.await().until(() -> app.phase() == Phase.DRAIN);
            far.getOutputStream().write("still there".getBytes(US_ASCII));
            assertThat(client.getInputStream().readNBytes(11)).asString().isEqualTo("still there");
            client.shutdownOutput();
            far.shutdownOutput();
            ShutdownReport report = app.shutdown("again");
            assertThat(report.outcome()).as(report.toString()).isEqualTo(Outcome.CLEAN);
            assertThat(report.duration()).isLessThan(Duration.ofSeconds(10));
        }
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .contains(
                        "Server 'business': tunnels of ConnectHandler cannot be told to close; they are waited for, and cut at the"
                                + " drain's limit (end them in onDrain, or in webSocket(ws -> ws.beforeClose(...)))");
    }

    @Test
    void aTunnelThatIsOpenAtTheDrainsLimitIsCutAndNamed() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(1));
        start(new ConnectHandler());
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = tunnelTo(target)) {
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(report.steps().get(0).cut())
                    .singleElement()
                    .asString()
                    .matches("tunnel to 127\\.0\\.0\\.1:" + target.getLocalPort() + " from 127\\.0\\.0\\.1:"
                            + client.getLocalPort() + ", open for \\d+ s");
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    private Socket tunnelTo(ServerSocket target) throws IOException {
        String authority = "127.0.0.1:" + target.getLocalPort();
        return upgraded("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority, "HTTP/1.1 200 ");
    }

    @Test
    void anUpgradeToAProtocolOfTheUsersOwnIsCutAndNamed() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(1));
        start(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                Connection own = new Idle(request);
                request.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, own);
                response.setStatus(HttpStatus.SWITCHING_PROTOCOLS_101);
                response.getHeaders().put("Upgrade", "chatter").put("Connection", "Upgrade");
                response.write(true, null, callback);
                return true;
            }
        });
        try (Socket client = upgraded(
                "GET /talk?token=secret HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: chatter",
                "HTTP/1.1 101 ")) {
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(report.steps().get(0).cut())
                    .singleElement()
                    .asString()
                    .startsWith("upgrade to chatter /talk from 127.0.0.1:" + client.getLocalPort());
        }
    }

    @Test
    void sessionsOfRawFrameHandlersAreCutAndNamedAndThatIsSaidAtTheStart() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(1));
        WebSocketUpgradeHandler raw = new WebSocketUpgradeHandler(new WebSocketComponents());
        raw.addMapping(
                "/raw",
                WebSocketNegotiator.from(
                        (request, response, callback) -> new Raw(), (handler, request, response) -> new Raw()));
        start(raw);
        try (Socket client = upgraded(
                "GET /raw HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "HTTP/1.1 101 ")) {
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(report.steps().get(0).cut())
                    .singleElement()
                    .asString()
                    .startsWith("WebSocket /raw from 127.0.0.1:" + client.getLocalPort());
        }
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .anyMatch(line ->
                        line.startsWith("Server 'business': sessions of raw frame handlers of WebSocketUpgradeHandler"
                                + " cannot be told to close;"));
    }

    /** The session is told at STOP, since DRAIN does not wait for such a server. */
    @Test
    void aSessionOnAServerThatIsAlwaysOpenIsClosedAtTheStop() throws Exception {
        jetty.drainPolicy(DrainPolicy.ALWAYS_OPEN);
        JettyServerTest.Echo echo = new JettyServerTest.Echo();
        start(org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler.from(
                server, container -> container.addMapping("/ws", (request, response, callback) -> echo)));
        CompletableFuture<String> closed = JettyServerTest.closeSeenBy(connector.getLocalPort());
        Awaitility.await().until(() -> echo.sessions.size() == 1);
        ShutdownReport report = app.shutdown("test");
        assertThat(closed.get(10, TimeUnit.SECONDS)).isEqualTo("1001 shutting down");
        assertThat(report.outcome()).as(report.toString()).isEqualTo(Outcome.CLEAN);
        assertThat(report.steps()).singleElement().satisfies(step -> {
            assertThat(step.phase()).isEqualTo(Phase.STOP);
            assertThat(step.note()).isEqualTo("WebSocket sessions: 1 told, 1 closed, 0 cut");
        });
    }

    /** A request in flight may still need the session. */
    @Test
    void aSessionThatTheServiceHasOpenedItselfIsLeftAlone() throws Exception {
        JettyServerTest.Echo echo = new JettyServerTest.Echo();
        Server other = new Server();
        ServerConnector otherConnector = new ServerConnector(other);
        otherConnector.setHost("127.0.0.1");
        other.addConnector(otherConnector);
        other.setHandler(org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler.from(
                other, container -> container.addMapping("/ws", (request, response, callback) -> echo)));
        other.start();
        try {
            ServletContextHandler context = new ServletContextHandler("/");
            JakartaWebSocketServletContainerInitializer.configure(context, (servletContext, container) -> {});
            start(context);
            Session outgoing = JakartaWebSocketServerContainer.getContainer(context.getServletContext())
                    .connectToServer(
                            new Endpoint() {
                                @Override
                                public void onOpen(Session session, EndpointConfig config) {}
                            },
                            ClientEndpointConfig.Builder.create().build(),
                            URI.create("ws://127.0.0.1:" + otherConnector.getLocalPort() + "/ws"));
            assertThat(outgoing.isOpen()).isTrue();
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).isEqualTo(Outcome.CLEAN);
            assertThat(report.steps().get(0).note()).isNull();
        } finally {
            other.stop();
        }
    }

    /** A client may reset the stream of a WebSocket over HTTP/2 during the upgrade; each later stop would wait for the connection. */
    @Test
    void aConnectionThatNeverOpensIsForgotten() throws Exception {
        List<String> left = new CopyOnWriteArrayList<>(List.of("not asked"));
        start(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                UpgradedConnections upgraded = new UpgradedConnections();
                Connection never = new Idle(request);
                upgraded.opening(never, request);
                upgraded.removeUnlessOpen(never);
                left.clear();
                left.addAll(upgraded.cut(Runnable::run));
                response.setStatus(200);
                callback.succeeded();
                return true;
            }
        });
        upgraded("GET / HTTP/1.1\r\nHost: test", "HTTP/1.1 200 ").close();
        assertThat(left).isEmpty();
    }

    /** A connection that sends nothing and ignores what it receives. */
    private static final class Idle extends AbstractConnection {
        Idle(Request request) {
            super(
                    request.getConnectionMetaData().getConnection().getEndPoint(),
                    request.getComponents().getExecutor());
        }

        @Override
        public void onOpen() {
            super.onOpen();
            fillInterested();
        }

        @Override
        public void onFillable() {}
    }

    private static final class Raw implements FrameHandler {
        @Override
        public void onOpen(CoreSession session, Callback callback) {
            callback.succeeded();
            session.demand();
        }

        @Override
        public void onFrame(Frame frame, Callback callback) {
            callback.succeeded();
        }

        @Override
        public void onError(Throwable cause, Callback callback) {
            callback.succeeded();
        }

        @Override
        public void onClosed(org.eclipse.jetty.websocket.core.CloseStatus status, Callback callback) {
            callback.succeeded();
        }
    }
}
