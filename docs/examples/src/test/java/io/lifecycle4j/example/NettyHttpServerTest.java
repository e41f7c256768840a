package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the contract does not see, over real sockets. */
@Timeout(60)
@SuppressWarnings("FutureReturnValueIgnored") // a client sees whether it was written
class NettyHttpServerTest {
    private final BlockingQueue<ChannelHandlerContext> held = new LinkedBlockingQueue<>(); // answered by the test
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();
    private NettyHttpServer server;

    @BeforeEach
    void register() {
        server = builder.server(
                new NettyHttpServer("business", HttpAdapter.local(0), pipeline -> pipeline.addLast(new Handler())));
        builder.drainTimeout(Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() {
        for (ChannelHandlerContext waiting = held.poll(); waiting != null; waiting = held.poll()) {
            waiting.close();
        }
        app.close();
    }

    private final class Handler extends SimpleChannelInboundHandler<HttpObject> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
            if (message instanceof HttpRequest request) {
                String path = request.uri().replaceFirst("\\?.*", "");
                switch (path) {
                    case "/fails" -> throw new IllegalStateException("a handler that fails");
                    case "/held" -> held.add(ctx);
                    default -> answer(ctx, path);
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            answer(ctx, "nobody is there any more"); // must not leave for a request that has left
        }
    }

    private static ChannelFuture answer(ChannelHandlerContext ctx, String text) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, text.length());
        return ctx.writeAndFlush(response);
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
            ChannelHandlerContext waiting = held.take();
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
            answer(waiting, "done");
            assertThat(inFlight.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
            assertThat(inFlight.rest()).isEqualTo("done");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    @Test
    void afterAResponseThatSaysCloseNothingIsTaken() throws Exception {
        builder.announceDelay(Duration.ofSeconds(3));
        app.start();
        app.requestShutdown("test");
        Awaitility.await().until(() -> gate().isGoingAway());
        try (RawHttp request = get("/")) {
            assertThat(request.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
            request.send(RawHttp.get("/held"));
            assertThat(request.rest()).isEqualTo("/");
            assertThat(app.phase()).isEqualTo(Phase.ANNOUNCE); // it is not the stop that has ended the connection
        }
        assertThat(held).isEmpty();
        assertThat(gate().inFlight()).isZero();
    }

    @Test
    void pipelinedRequestsAreAllInFlightAndOnlyTheLastResponseSaysClose() throws Exception {
        app.start();
        try (RawHttp pipe = get("/held")) {
            pipe.send(RawHttp.get("/held"));
            ChannelHandlerContext waiting = held.take();
            assertThat(held.take()).isSameAs(waiting);
            assertThat(gate().inFlight()).isEqualTo(2);
            Stops.beginDrain(app, gate());
            answer(waiting, "first");
            assertThat(pipe.head()).startsWith("http/1.1 200").doesNotContain("connection: close");
            assertThat(pipe.body(5)).isEqualTo("first");
            answer(waiting, "second");
            assertThat(pipe.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
            assertThat(pipe.rest()).isEqualTo("second");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 2, 2, 0, 0));
    }

    @Test
    void aPipelinedRequestIsRejectedAfterTheResponsesThatAreOwedAndOnlyOnce() throws Exception {
        app.start();
        try (RawHttp pipe = get("/held")) {
            ChannelHandlerContext waiting = held.take();
            Stops.beginDrain(app, gate());
            pipe.send(RawHttp.get("/rejected") + RawHttp.get("/dropped"));
            Awaitility.await().until(() -> gate().rejected() == 1);
            answer(waiting, "first");
            assertThat(pipe.head()).startsWith("http/1.1 200").doesNotContain("connection: close");
            assertThat(pipe.body(5)).isEqualTo("first");
            assertThat(pipe.head()).startsWith("http/1.1 503").contains("\r\nconnection: close\r\n");
            assertThat(pipe.rest()).isEmpty();
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    @Test
    void aRejectedClientThatStillSendsItsBodyGetsItsWhole503() throws Exception {
        app.start();
        try (RawHttp inFlight = get("/held");
                RawHttp late = new RawHttp(server.port())) {
            ChannelHandlerContext waiting = held.take();
            Stops.beginDrain(app, gate());
            int length = 8 << 20;
            late.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + length + "\r\n\r\n");
            Awaitility.await().until(() -> gate().rejected() == 1);
            late.send("x".repeat(length));
            assertThat(late.rest()).startsWith("HTTP/1.1 503");
            answer(waiting, "done");
            assertThat(inFlight.head()).startsWith("http/1.1 200");
        }
    }

    @Test
    void aHandlerThatFailsLeavesOnceAndItsConnectionIsClosed() throws Exception {
        app.start();
        try (RawHttp other = get("/held");
                RawHttp failing = get("/fails")) {
            ChannelHandlerContext waiting = held.take();
            assertThat(failing.restOrCut()).doesNotContain("200");
            Stops.awaitInFlight(gate(), 1);
            assertThat(server.inFlight()).containsExactly("GET /held");
            answer(waiting, "done");
            assertThat(other.head()).startsWith("http/1.1 200");
            Stops.awaitInFlight(gate(), 0);
        }
    }

    @Test
    void aClientThatHangsUpLeavesOnceForEachOfItsRequestsThoughTheResponseComesLater() throws Exception {
        app.start();
        try (RawHttp other = get("/held")) {
            ChannelHandlerContext waiting = held.take();
            RawHttp client = get("/held");
            client.send(RawHttp.get("/held"));
            ChannelHandlerContext gone = held.take();
            assertThat(held.take()).isSameAs(gone);
            assertThat(gate().inFlight()).isEqualTo(3);
            client.close();
            Stops.awaitInFlight(gate(), 1);
            answer(gone, "late").awaitUninterruptibly();
            assertThat(gate().inFlight()).isEqualTo(1);
            Stops.beginDrain(app, gate());
            assertThat(gate().isDrained()).isFalse();
            answer(waiting, "done");
            assertThat(other.head()).startsWith("http/1.1 200");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
    }

    @Test
    void aClientThatHangsUpWithARejectedRequestBehindAnotherLeaksNothing() throws Exception {
        app.start();
        RawHttp client = get("/held");
        held.take();
        Stops.beginDrain(app, gate());
        client.send(RawHttp.get("/rejected"));
        Awaitility.await().until(() -> gate().rejected() == 1);
        client.close();
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
        assertThat(server.inFlight()).isEmpty();
    }

    @Test
    void aResponseThatNobodyReadsIsInFlight() throws Exception {
        app.start();
        RawHttp client = get("/held");
        ChannelHandlerContext waiting = held.take();
        ChannelFuture written = answer(waiting, "x".repeat(32 << 20)); // more than the sockets' buffers take
        waiting.executor().submit(() -> {}).syncUninterruptibly(); // so that the write has been tried
        assertThat(written.isDone()).isFalse();
        assertThat(gate().inFlight()).isEqualTo(1);
        assertThat(server.inFlight()).containsExactly("GET /held");
        client.close();
        Stops.awaitInFlight(gate(), 0);
        assertThat(server.inFlight()).isEmpty();
    }

    @Test
    void aContinueIsNotTheEndOfARequest() throws Exception {
        app.start();
        try (RawHttp client = get("/held")) {
            ChannelHandlerContext waiting = held.take();
            Stops.beginDrain(app, gate());
            waiting.writeAndFlush(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
            assertThat(client.head()).startsWith("http/1.1 100").doesNotContain("close");
            assertThat(gate().inFlight()).isEqualTo(1);
            answer(waiting, "done");
            assertThat(client.head()).startsWith("http/1.1 200").contains("\r\nconnection: close\r\n");
        }
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
    }

    @Test
    void anUpgradeIsTheEndOfARequestAndNotOfItsConnection() throws Exception {
        app.start();
        try (RawHttp other = get("/held")) {
            ChannelHandlerContext waiting = held.take();
            try (RawHttp client = get("/held")) {
                ChannelHandlerContext upgraded = held.take();
                Stops.beginDrain(app, gate());
                FullHttpResponse response = new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS, Unpooled.EMPTY_BUFFER);
                response.headers().set(HttpHeaderNames.CONNECTION, "upgrade");
                upgraded.writeAndFlush(response);
                assertThat(client.head()).startsWith("http/1.1 101").contains("\r\nconnection: upgrade\r\n");
                Stops.awaitInFlight(gate(), 1);
                assertThat(upgraded.channel().isActive()).isTrue();
            }
            answer(waiting, "done");
            assertThat(other.head()).startsWith("http/1.1 200");
        }
    }

    @Test
    void whatWasAbandonedIsCutAndNotWaitedForAgain() throws Exception {
        Stops.limitsForAnAbandonedRequest(builder);
        app.start();
        try (RawHttp request = get("/held")) {
            held.take();
            Stops.assertThatOneWasAbandonedAndNotWaitedForTwice(app.shutdown("test"));
            assertThat(request.restOrCut()).doesNotContain("200");
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        app.start();
        assertThat(Stops.failureOf(new NettyHttpServer("second", HttpAdapter.local(server.port()), pipeline -> {})))
                .contains("server 'second' cannot listen on ")
                .contains(":" + server.port() + ": Address already in use");
    }
}
