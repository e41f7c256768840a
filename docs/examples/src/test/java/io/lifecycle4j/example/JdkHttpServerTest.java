package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The adapter of docs/adapters.md, over real sockets. */
@Timeout(60)
class JdkHttpServerTest {
    private final Held held = new Held();
    private final HttpClient client = HttpClient.newHttpClient();
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();
    private JdkHttpServer server;

    @BeforeEach
    void register() throws IOException {
        server = builder.server(new JdkHttpServer("business", HttpAdapter.local(0))
                .handle("/", exchange -> answer(exchange))
                .handle("/fails", exchange -> {
                    throw new IOException("a handler that fails");
                })
                .handle("/breaks", exchange -> {
                    begin(exchange);
                    throw new IOException("a handler that fails in the midst of its response");
                })
                .handle("/breaks-badly", exchange -> {
                    begin(exchange);
                    throw new AssertionError("a handler that fails in the midst of its response");
                })
                .handle("/slow", exchange -> {
                    held.run();
                    answer(exchange);
                }));
    }

    @AfterEach
    void stop() {
        held.release();
        app.close();
    }

    private static void begin(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0); // in chunks
        exchange.getResponseBody().write("part".getBytes(StandardCharsets.US_ASCII));
        exchange.getResponseBody().flush();
    }

    private static void answer(HttpExchange exchange) throws IOException {
        byte[] body = "done".getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
        return client.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private RequestGate gate() {
        return server.gates().get(0);
    }

    @Test
    void aRequestInFlightGetsItsWhole200AndALaterOne503() throws Exception {
        app.start();
        assertThat(get("/").get().statusCode()).isEqualTo(200);
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        held.awaitArrival();
        Stops.beginDrain(app, gate());

        HttpResponse<String> late = get("/").get(10, TimeUnit.SECONDS);
        assertThat(late.statusCode()).isEqualTo(503);
        assertThat(late.headers().firstValue("connection")).hasValue("close");
        assertThat(late.headers().firstValue("retry-after")).hasValue("1");

        held.release();
        assertThat(slow.get(10, TimeUnit.SECONDS).body()).isEqualTo("done");
        ShutdownReport report = app.shutdown("test");
        assertThat(report.isClean()).isTrue();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    @Test
    void aRejectedConnectionIsClosed() throws Exception {
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        held.awaitArrival();
        Stops.beginDrain(app, gate());

        try (RawHttp late = new RawHttp(server.port()).send(RawHttp.get("/"))) {
            assertThat(late.rest()).startsWith("HTTP/1.1 503");
        }
        held.release();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void theDrainEndsWithTheLastResponseAndNotAtItsLimit() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(20));
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        held.awaitArrival();
        Stops.beginDrain(app, gate());
        assertThat(server.inFlight()).containsExactly("GET /slow");
        held.release();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(app.shutdown("test").duration()).isLessThan(Duration.ofSeconds(15));
    }

    @Test
    void whatIsLeftAtTheDrainsLimitIsCut() throws Exception {
        builder.drainTimeout(Duration.ofMillis(100));
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        held.awaitArrival();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 0, 1, 0));
        assertThat(slow).failsWithin(Duration.ofSeconds(10));
    }

    @Test
    void responsesToRequestsOfTheAnnounceDelaySayClose() throws Exception {
        builder.announceDelay(Duration.ofSeconds(3));
        app.start();
        app.requestShutdown("test");
        Awaitility.await().until(() -> gate().isGoingAway());
        try (RawHttp request = new RawHttp(server.port()).send(RawHttp.get("/"))) {
            assertThat(request.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
            assertThat(request.rest()).isEqualTo("done");
            assertThat(app.phase()).isEqualTo(Phase.ANNOUNCE); // it is not the stop that has ended the connection
        }
    }

    @Test
    void aHandlerThatFailsLeavesOnce() throws Exception {
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        held.awaitArrival();
        assertThat(get("/fails")).failsWithin(Duration.ofSeconds(10));
        Stops.awaitInFlight(gate(), 1);
        assertThat(server.inFlight()).containsExactly("GET /slow");
        held.release();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        Stops.awaitInFlight(gate(), 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/breaks", "/breaks-badly"})
    void aResponseWhoseHandlerFailsHasNoEnd(String path) throws Exception {
        app.start();
        try (RawHttp request = new RawHttp(server.port()).send(RawHttp.get(path))) {
            assertThat(request.head()).startsWith("http/1.1 200").contains("chunked");
            assertThat(request.restOrCut()).startsWith("4\r\npart").doesNotContain("\r\n0\r\n");
        }
        Stops.awaitInFlight(gate(), 0);
    }

    @Test
    void aRequestWhoseClientHasGoneIsInUntilItsHandlerReturns() throws Exception {
        app.start();
        RawHttp client = new RawHttp(server.port()).send(RawHttp.get("/slow"));
        held.awaitArrival();
        client.close();
        Stops.beginDrain(app, gate());
        assertThat(gate().inFlight()).isEqualTo(1);
        held.release();
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
    }

    @Test
    void aNameIsOneLineWhateverTheClientSends() throws Exception {
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow/a%0Ab?token=secret");
        held.awaitArrival();
        assertThat(server.inFlight()).containsExactly("GET /slow/a%0Ab");
        held.release();
        assertThat(slow.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void whatWasAbandonedIsNotWaitedForAgain() throws Exception {
        Stops.limitsForAnAbandonedRequest(builder);
        app.start();
        CompletableFuture<HttpResponse<String>> slow = get("/slow");
        held.awaitArrival();
        Stops.assertThatOneWasAbandonedAndNotWaitedForTwice(app.shutdown("test"));
        assertThat(slow).failsWithin(Duration.ofSeconds(10));
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        app.start();
        assertThat(Stops.failureOf(new JdkHttpServer("second", HttpAdapter.local(server.port()))))
                .contains("server 'second' cannot listen on ")
                .contains(":" + server.port());
    }
}
