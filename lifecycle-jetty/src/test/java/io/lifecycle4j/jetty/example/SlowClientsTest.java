package io.lifecycle4j.jetty.example;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.EagerContentHandler;
import org.eclipse.jetty.server.handler.EagerContentHandler.RetainedContentLoaderFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The example of docs/slow-clients.md. */
@Timeout(60)
class SlowClientsTest {
    private static final int SLOW = 300; // more than the pool has threads

    private final AppBuilder app = App.builder("orders");
    private final App running = app.build();
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        running.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Test
    void clientsThatSendSlowlyHoldNoThreadAndNotTheShutdown() throws Exception {
        Handler orders = new Orders();
        // begin: slow-clients
        QueuedThreadPool threads = new QueuedThreadPool(200);
        Server jetty = new Server(threads);
        // A body is read before the handler runs, and no thread waits for it. One of more than 1 MB gets 413.
        jetty.setHandler(new EagerContentHandler(orders, new RetainedContentLoaderFactory(1 << 20, -1, true)));
        app.server(JettyServer.of("business", jetty).requestTimeout(Duration.ofSeconds(5), 1_000));
        app.readiness("threads", () -> !threads.isLowOnThreads());

        // Health is answered by threads of its own.
        Server admin = new Server(new QueuedThreadPool(10));
        admin.setHandler(new HealthHandler(app.view()));
        app.server(JettyServer.of("admin", admin).drainPolicy(DrainPolicy.ALWAYS_OPEN));
        // end: slow-clients
        ServerConnector business = connect(jetty);
        ServerConnector health = connect(admin);
        running.start();

        for (int i = 0; i < SLOW; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), business.getLocalPort());
            sockets.add(socket);
            socket.getOutputStream()
                    .write("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nx".getBytes(US_ASCII));
        }
        Awaitility.await().until(() -> app.view().inFlight() == SLOW);

        assertThat(post(business)).isEqualTo("5 bytes");
        assertThat(threads.getBusyThreads()).isLessThan(20);
        assertThat(client.send(HttpRequest.newBuilder(uri(health, "/readyz")).build(), BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(200);
        ShutdownReport report = running.shutdown("test");
        assertThat(report.isClean()).isTrue();
        for (Socket socket : sockets) {
            assertThat(new String(socket.getInputStream().readNBytes(12), US_ASCII))
                    .isEqualTo("HTTP/1.1 408");
        }
    }

    private String post(ServerConnector connector) throws Exception {
        return client.send(
                        HttpRequest.newBuilder(uri(connector, "/"))
                                .POST(BodyPublishers.ofString("order"))
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }

    private static URI uri(ServerConnector connector, String path) {
        return URI.create("http://127.0.0.1:" + connector.getLocalPort() + path);
    }

    private static ServerConnector connect(Server server) {
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        return connector;
    }

    private static final class Orders extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String body = Content.Source.asString(request);
            Content.Sink.write(response, true, body.length() + " bytes", callback);
            return true;
        }
    }
}
