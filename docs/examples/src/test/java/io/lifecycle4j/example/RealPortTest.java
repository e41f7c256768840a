package io.lifecycle4j.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.Phase;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.testing.FakeProcess;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A service that really listens, in a fake process. */
@Timeout(60)
final class RealPortTest {
    // begin: orders-service
    /** A service with one server, on a port that the system chooses unless it is given. */
    static final class OrdersService implements AppSetup {
        final CountDownLatch stock = new CountDownLatch(1); // an order waits for it
        private final Server jetty = new Server();
        private final ServerConnector connector = new ServerConnector(jetty);

        OrdersService(int port) {
            connector.setHost("127.0.0.1");
            connector.setPort(port);
            jetty.addConnector(connector);
            jetty.setHandler(new Handler.Abstract() {
                @Override
                public boolean handle(Request request, Response response, Callback callback) throws Exception {
                    stock.await();
                    response.setStatus(201);
                    callback.succeeded();
                    return true;
                }
            });
        }

        @Override
        public void configure(AppBuilder app) {
            app.server(JettyServer.of("orders", jetty));
        }

        URI address() {
            return URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/");
        }
    }
    // end: orders-service

    // begin: real-port
    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void anOrderInFlightIsServedAndALaterOneRejected() throws Exception {
        OrdersService service = new OrdersService(0);
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", service); // it listens when this returns
            HttpRequest order = HttpRequest.newBuilder(service.address()).build();
            CompletableFuture<HttpResponse<Void>> first = http.sendAsync(order, BodyHandlers.discarding());
            process.awaitInFlight("orders", 1);

            process.signal("TERM");
            process.awaitPhase(Phase.DRAIN);
            assertEquals(503, http.send(order, BodyHandlers.discarding()).statusCode());
            service.stock.countDown();

            assertEquals(201, first.get().statusCode());
            assertEquals(0, process.awaitExit().status());
        } // whatever the test did, nobody listens any more
    }
    // end: real-port

    @Test
    void aTestThatFailsInItsMidstLeavesNoPort() throws Exception {
        OrdersService service = new OrdersService(0);
        int port;
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", service);
            port = service.address().getPort();
            var unused =
                    http.sendAsync(HttpRequest.newBuilder(service.address()).build(), BodyHandlers.discarding());
            process.awaitInFlight("orders", 1);
        }
        new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close(); // throws if it is in use
    }
}
