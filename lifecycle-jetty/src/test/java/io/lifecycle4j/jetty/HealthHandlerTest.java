package io.lifecycle4j.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class HealthHandlerTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();

    HealthHandlerTest() {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(new HealthHandler(builder.view()));
        builder.server(JettyServer.of("admin", server).drainPolicy(DrainPolicy.ALWAYS_OPEN));
    }

    @AfterEach
    void stop() {
        app.close();
    }

    private HttpResponse<String> get(String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + path);
        return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private void assertAnswer(String path, int status, String body) throws Exception {
        HttpResponse<String> answer = get(path);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).isEqualTo(body + "\n");
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
        assertThat(answer.headers().firstValue("cache-control")).hasValue("no-store");
    }

    @Test
    void itIsLiveButNotReadyBeforeAllHasStartedAndFromTheFirstMomentOfAShutdown() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        AtomicBoolean healthy = new AtomicBoolean(true);
        RequestGate orders = builder.gate("orders");
        builder.readiness("the \"data\\base\"", healthy::get);
        builder.server(new SlowStart(started));
        ExecutorService starter = Executors.newSingleThreadExecutor();
        Future<?> starting = starter.submit(() -> {
            app.start();
            return null;
        });
        starter.shutdown();
        Awaitility.await().until(server::isStarted);
        String rest = ",\"phase\":null,\"inFlight\":0,\"gates\":{\"orders\":0},\"red\":[]}";
        assertAnswer("/readyz", 503, "{\"status\":\"not ready\",\"state\":\"STARTING\"" + rest);
        assertAnswer("/livez", 200, "{\"status\":\"ok\",\"state\":\"STARTING\"" + rest);

        started.countDown();
        starting.get();
        assertAnswer("/readyz", 200, "{\"status\":\"ok\",\"state\":\"RUNNING\"" + rest);
        healthy.set(false);
        String red = rest.replace("[]", "[\"the \\\"data\\\\base\\\"\"]");
        assertAnswer("/readyz", 503, "{\"status\":\"not ready\",\"state\":\"RUNNING\"" + red);
        assertAnswer("/livez", 200, "{\"status\":\"ok\",\"state\":\"RUNNING\"" + rest);
        assertThat(get("/other").statusCode()).isEqualTo(404);

        healthy.set(true);
        assertThat(orders.tryEnter()).isTrue();
        app.requestShutdown("test");
        Awaitility.await().until(orders::isClosed);
        String draining =
                "\"state\":\"STOPPING\",\"phase\":\"DRAIN\",\"inFlight\":0,\"gates\":\\{\"orders\":1},\"red\":\\[],"
                        + "\"stoppingMillis\":\\d+}\n";
        assertThat(get("/readyz").body()).matches("\\{\"status\":\"not ready\"," + draining);
        assertThat(get("/livez").body()).matches("\\{\"status\":\"ok\"," + draining);
        orders.leave();
        assertThat(app.shutdown("again").isClean()).isTrue();
    }

    /** A server whose start ends when the test counts the latch down. */
    private record SlowStart(CountDownLatch started) implements ManagedServer {
        @Override
        public String name() {
            return "slow";
        }

        @Override
        public void start(ServerContext context) throws InterruptedException {
            started.await();
        }

        @Override
        public void stop(ShutdownContext context) {}
    }
}
