package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.BlockingHandler;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the contract does not see, over real sockets. */
@Timeout(60)
class UndertowServerTest {
    private final Held held = new Held();
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();
    private UndertowServer server;

    @BeforeEach
    void register() {
        server = builder.server(new UndertowServer(
                "business", HttpAdapter.local(0), new BlockingHandler(UndertowServerTest.this::handle)));
        builder.drainTimeout(Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() {
        held.release();
        app.close();
    }

    private void handle(HttpServerExchange exchange) throws Exception {
        switch (exchange.getRequestPath()) {
            case "/fails" -> throw new IllegalStateException("a handler that fails");
            case "/held" -> held.run();
            case "/streams" -> {
                exchange.getOutputStream().write("first".getBytes(StandardCharsets.US_ASCII));
                exchange.getOutputStream().flush();
                held.run();
            }
            case "/held-streams" -> {
                held.run();
                exchange.getOutputStream().write("first".getBytes(StandardCharsets.US_ASCII));
                exchange.getOutputStream().flush();
                Thread.currentThread().join(); // for ever, or until it is interrupted
            }
            default -> {}
        }
        exchange.getResponseSender().send("done");
    }

    private RequestGate gate() {
        return server.gates().get(0);
    }

    private RawHttp get(String path) throws Exception {
        return new RawHttp(server.port()).send(RawHttp.get(path));
    }

    @Test
    void aResponseThatEndsInTheDrainSaysCloseAndALaterRequestGets503() throws Exception {
        app.start();
        try (RawHttp before = get("/");
                RawHttp inFlight = get("/held?token=secret")) {
            assertThat(before.head()).startsWith("http/1.1 200").doesNotContain("connection: close");
            held.awaitArrival();
            Stops.awaitInFlight(gate(), 1);
            assertThat(server.inFlight()).containsExactly("GET /held");
            Stops.beginDrain(app, gate());

            try (RawHttp late = get("/")) {
                assertThat(late.head())
                        .startsWith("http/1.1 503")
                        .contains("\r\nconnection: close\r\n")
                        .contains("\r\nretry-after: 1\r\n");
                assertThat(late.rest()).isEmpty();
            }
            held.release();
            assertThat(inFlight.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
            assertThat(inFlight.rest()).isEqualTo("done");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    @Test
    void aLateRequestWithABodyInChunksGets503() throws Exception {
        app.start();
        try (RawHttp inFlight = get("/held")) {
            held.awaitArrival();
            Stops.beginDrain(app, gate());
            String head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (String body : List.of("2\r\nab\r\n0\r\n\r\n", "2\r\nab\r\n", "")) {
                try (RawHttp late = new RawHttp(server.port()).send(head + body)) {
                    assertThat(late.head()).startsWith("http/1.1 503").contains("\r\nconnection: close\r\n");
                }
            }
            held.release();
            assertThat(inFlight.head()).startsWith("http/1.1 200");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 3));
    }

    @Test
    void responsesInTheAnnounceDelaySayClose() throws Exception {
        builder.announceDelay(Duration.ofSeconds(3));
        app.start();
        app.requestShutdown("test");
        Awaitility.await().until(() -> gate().isGoingAway());
        try (RawHttp request = get("/")) {
            assertThat(request.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
            assertThat(request.rest()).isEqualTo("done");
            assertThat(app.phase()).isEqualTo(Phase.ANNOUNCE); // it is not the stop that has ended the connection
        }
    }

    @Test
    void aHandlerThatFailsLeavesOnce() throws Exception {
        app.start();
        try (RawHttp other = get("/held")) {
            held.awaitArrival();
            try (RawHttp failing = get("/fails")) {
                assertThat(failing.head()).startsWith("http/1.1 500");
            }
            Stops.awaitInFlight(gate(), 1);
            assertThat(server.inFlight()).containsExactly("GET /held");
            held.release();
            assertThat(other.head()).startsWith("http/1.1 200");
            Stops.awaitInFlight(gate(), 0);
        }
    }

    @Test
    void aRequestWhoseClientHasGoneIsInUntilItsHandlerReturns() throws Exception {
        app.start();
        RawHttp client = get("/streams");
        client.head();
        held.awaitArrival();
        client.close();
        Stops.beginDrain(app, gate());
        assertThat(gate().inFlight()).isEqualTo(1);
        held.release();
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
        assertThat(server.inFlight()).isEmpty();
    }

    @Test
    void ofPipelinedRequestsEachEntersAndLeavesOnce() throws Exception {
        app.start();
        try (RawHttp other = get("/held");
                RawHttp pipe = get("/")) {
            held.awaitArrival();
            pipe.send(RawHttp.get("/fails") + RawHttp.get("/"));
            assertThat(pipe.head()).startsWith("http/1.1 200");
            assertThat(pipe.body(4)).isEqualTo("done");
            assertThat(pipe.head()).startsWith("http/1.1 500");
            assertThat(pipe.head()).startsWith("http/1.1 200");
            Stops.awaitInFlight(gate(), 1);
            held.release();
            assertThat(other.head()).startsWith("http/1.1 200");
            Stops.awaitInFlight(gate(), 0);
        }
    }

    @Test
    void aStreamedResponseThatIsCutDoesNotLookWhole() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(2));
        app.start();
        try (RawHttp request = get("/held-streams")) {
            held.awaitArrival();
            Stops.beginDrain(app, gate());
            held.release();
            assertThat(request.head()).startsWith("http/1.1 200").contains("transfer-encoding: chunked");
            assertThat(request.body(11)).isEqualTo("05\r\nfirst\r\n");
            assertThat(request.restOrCut()).doesNotContain("0\r\n");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 0, 1, 0));
    }

    @Test
    void whatWasAbandonedIsInterruptedAndNotWaitedForAgain() throws Exception {
        Stops.limitsForAnAbandonedRequest(builder);
        app.start();
        try (RawHttp request = get("/held")) {
            held.awaitArrival();
            Stops.assertThatOneWasAbandonedAndNotWaitedForTwice(app.shutdown("test"));
            held.awaitEnd();
            assertThat(request.restOrCut()).doesNotContain("200");
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        app.start();
        assertThat(Stops.failureOf(new UndertowServer(
                        "second", HttpAdapter.local(server.port()), exchange -> exchange.endExchange())))
                .contains("server 'second' cannot listen on ")
                .contains(":" + server.port() + ": Address already in use");
    }
}
