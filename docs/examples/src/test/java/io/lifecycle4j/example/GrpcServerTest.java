package io.lifecycle4j.example;

import static io.grpc.stub.ClientCalls.blockingServerStreamingCall;
import static io.grpc.stub.ClientCalls.blockingUnaryCall;
import static io.grpc.stub.ClientCalls.futureUnaryCall;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the contract does not see, over real sockets. */
@Timeout(60)
class GrpcServerTest {
    private static final String REJECTION = "UNAVAILABLE: server 'business' is shutting down";

    private static final int LARGE = 1_000_000;

    private final CountDownLatch refused = new CountDownLatch(1);
    private final Held held = new Held();
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();
    private GrpcServer server;
    private ManagedChannel channel;

    @BeforeEach
    void register() {
        server = builder.server(new GrpcServer("business", grpc(0)));
        builder.drainTimeout(Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() {
        held.release();
        if (channel != null) {
            channel.shutdownNow();
        }
        app.close();
    }

    private NettyServerBuilder grpc(int port) {
        ServerServiceDefinition echo = ServerServiceDefinition.builder("Echo")
                .addMethod(Echo.UNARY, new ServerCallHandler<String, String>() {
                    private final ServerCallHandler<String, String> unary =
                            ServerCalls.asyncUnaryCall(GrpcServerTest.this::say);

                    @Override
                    public ServerCall.Listener<String> startCall(ServerCall<String, String> call, Metadata headers) {
                        if (call.getAuthority().equals("cannot-start")) {
                            refused.countDown();
                            throw new IllegalStateException("a call that cannot start");
                        }
                        return unary.startCall(call, headers);
                    }
                })
                .addMethod(Echo.STREAM, ServerCalls.asyncServerStreamingCall(this::count))
                .addMethod(Echo.BOTH, ServerCalls.asyncBidiStreamingCall(this::talk))
                .build();
        return NettyServerBuilder.forAddress(HttpAdapter.local(port), InsecureServerCredentials.create())
                .addService(echo)
                .intercept(new Bouncer());
    }

    /** Ends calls without a listener that would hear of it. */
    private static final class Bouncer implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            if ("denied".equals(call.getAuthority())) {
                call.close(Status.PERMISSION_DENIED, new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
    }

    private void say(String request, StreamObserver<String> response) {
        if (request.equals("fails")) {
            throw new IllegalStateException("a handler that fails");
        }
        if (request.equals("held")) {
            held.run();
        }
        response.onNext(request.equals("large") ? "x".repeat(LARGE) : request);
        response.onCompleted();
    }

    private void count(String request, StreamObserver<String> response) {
        response.onNext("one");
        held.run();
        response.onNext("two");
        response.onCompleted();
    }

    private StreamObserver<String> talk(StreamObserver<String> response) {
        return new StreamObserver<>() {
            @Override
            public void onNext(String request) {
                response.onNext(request);
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {
                response.onCompleted();
            }
        };
    }

    private void start() throws Exception {
        app.start();
        channel = channel();
    }

    private ManagedChannel channel() {
        return Grpc.newChannelBuilder("127.0.0.1:" + server.port(), InsecureChannelCredentials.create())
                .build();
    }

    private RequestGate gate() {
        return server.gates().get(0);
    }

    private Future<String> call(String request) {
        return futureUnaryCall(channel.newCall(Echo.UNARY, CallOptions.DEFAULT), request);
    }

    private Future<String> hold() throws InterruptedException {
        Future<String> call = call("held");
        held.awaitArrival();
        return call;
    }

    private void assertThatOneLeavesWhoseStatusIs(Status.Code code, CallOptions options, String request)
            throws Exception {
        Future<String> other = hold();
        assertThatThrownBy(() -> blockingUnaryCall(channel, Echo.UNARY, options, request))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(code));
        Stops.awaitInFlight(gate(), 1);
        assertThat(server.inFlight()).containsExactly("Echo/Say");
        Stops.beginDrain(app, gate());
        assertThat(gate().isDrained()).isFalse(); // as it would be if one had left twice
        held.release();
        assertThat(other.get(10, TimeUnit.SECONDS)).isEqualTo("held");
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
        assertThat(gate().inFlight()).isZero();
    }

    @Test
    void aCallThatDoesNotStartLeavesOnce() throws Exception {
        start();
        assertThatOneLeavesWhoseStatusIs(
                Status.Code.UNKNOWN, CallOptions.DEFAULT.withAuthority("cannot-start"), "never handled");
    }

    @Test
    void aCallThatAnInterceptorClosesLeavesOnce() throws Exception {
        start();
        assertThatOneLeavesWhoseStatusIs(
                Status.Code.PERMISSION_DENIED, CallOptions.DEFAULT.withAuthority("denied"), "never handled");
    }

    @Test
    void aHandlerThatFailsLeavesOnce() throws Exception {
        start();
        assertThatOneLeavesWhoseStatusIs(Status.Code.UNKNOWN, CallOptions.DEFAULT, "fails");
    }

    @Test
    void aCallInFlightIsFinishedAndLaterOnesAreUnavailableOverOldAndNewConnections() throws Exception {
        start();
        Future<String> inFlight = hold();
        assertThat(gate().inFlight()).isEqualTo(1);
        assertThat(server.inFlight()).containsExactly("Echo/Say");
        Stops.beginDrain(app, gate());
        assertThatThrownBy(() -> blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, "late"))
                .hasMessage(REJECTION);
        ManagedChannel other = channel();
        try {
            assertThatThrownBy(() -> blockingUnaryCall(other, Echo.UNARY, CallOptions.DEFAULT, "late"))
                    .hasMessage(REJECTION);
        } finally {
            other.shutdownNow();
        }
        assertThat(gate().inFlight()).isEqualTo(1);
        held.release();
        assertThat(inFlight.get(10, TimeUnit.SECONDS)).isEqualTo("held");
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 2));
    }

    @Test
    void aCancelledCallIsInUntilItsHandlerReturnsAndLeavesOnce() throws Exception {
        start();
        hold().cancel(true);
        CountDownLatch closed = new CountDownLatch(1);
        StreamObserver<String> talk = talkAndAwaitOne(closed);
        Stops.beginDrain(app, gate());
        assertThat(gate().inFlight()).isEqualTo(2);
        held.release();
        Stops.awaitInFlight(gate(), 1);
        assertThat(gate().isDrained()).isFalse();
        talk.onCompleted();
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 2, 2, 0, 0));
    }

    // Its echo comes over the same connection as a cancellation before it, which the server has seen then.
    private StreamObserver<String> talkAndAwaitOne(CountDownLatch closed) throws InterruptedException {
        CountDownLatch answered = new CountDownLatch(1);
        StreamObserver<String> talk = ClientCalls.asyncBidiStreamingCall(
                channel.newCall(Echo.BOTH, CallOptions.DEFAULT), new StreamObserver<>() {
                    @Override
                    public void onNext(String answer) {
                        answered.countDown();
                    }

                    @Override
                    public void onError(Throwable failure) {}

                    @Override
                    public void onCompleted() {
                        closed.countDown();
                    }
                });
        talk.onNext("hello");
        assertThat(answered.await(10, TimeUnit.SECONDS)).isTrue();
        return talk;
    }

    @Test
    void aStreamOfResponsesIsFinishedInTheDrain() throws Exception {
        start();
        Iterator<String> stream = blockingServerStreamingCall(channel, Echo.STREAM, CallOptions.DEFAULT, "to two");
        assertThat(stream.next()).isEqualTo("one");
        assertThat(server.inFlight()).containsExactly("Echo/Count");
        Stops.beginDrain(app, gate());
        held.release();
        assertThat(stream.next()).isEqualTo("two");
        assertThat(stream.hasNext()).isFalse();
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
    }

    @Test
    void aCallOfBothSidesIsInFlightUntilItEnds() throws Exception {
        start();
        CountDownLatch closed = new CountDownLatch(1);
        StreamObserver<String> talk = talkAndAwaitOne(closed);
        assertThat(server.inFlight()).containsExactly("Echo/Talk");
        Stops.beginDrain(app, gate());
        assertThat(gate().isDrained()).isFalse();
        talk.onCompleted();
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(app.shutdown("test").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
    }

    /** The server has written all of the response, and most of it is still in the kernel's buffers. */
    @Test
    void aClientThatReadsSlowlyGetsTheEndOfItsResponse() throws Exception {
        start();
        try (SlowReader reader = new SlowReader(server.port())) {
            Future<String> response = largeCallThrough(reader);
            Future<ShutdownReport> stopped = app.whenStopped().toCompletableFuture();
            app.requestShutdown("test");
            assertThatThrownBy(() -> stopped.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
            reader.readOn();
            assertThat(response.get(10, TimeUnit.SECONDS)).hasSize(LARGE);
            assertThat(stopped.get(10, TimeUnit.SECONDS).isClean()).isTrue();
        }
    }

    /** gRPC itself gives a client up after ten seconds, and closes the connection as if it had read everything. */
    @ParameterizedTest
    @ValueSource(ints = {1, 30})
    void aClientThatDoesNotReadItsResponseIsCutAndNamed(int stopTimeout) throws Exception {
        builder.shutdownTimeout(Duration.ofSeconds(60)).stopTimeout(Duration.ofSeconds(stopTimeout));
        start();
        try (SlowReader reader = new SlowReader(server.port())) {
            Future<String> response = largeCallThrough(reader);
            ShutdownReport report = app.shutdown("test");
            assertThat(report.isClean()).isFalse();
            assertThat(report.toString()).contains("cut: connection of /127.0.0.1:" + reader.portAtServer());
            assertThat(response).isNotDone();
        }
    }

    private Future<String> largeCallThrough(SlowReader reader) throws InterruptedException {
        channel = NettyChannelBuilder.forAddress("127.0.0.1", reader.port(), InsecureChannelCredentials.create())
                .flowControlWindow(2 * LARGE)
                .build();
        Future<String> response = call("large");
        reader.awaitHolding();
        Stops.awaitInFlight(gate(), 0);
        return response;
    }

    /** Its error status comes after it has left the gate. */
    @RepeatedTest(10)
    void aCallThatDoesNotStartGetsItsStatusBesideAShutdown() throws Exception {
        start();
        CallOptions cannotStart = CallOptions.DEFAULT.withAuthority("cannot-start");
        Future<String> call = futureUnaryCall(channel.newCall(Echo.UNARY, cannotStart), "never handled");
        refused.await();
        assertThat(app.shutdown("test").isClean()).isTrue();
        assertThat(call).failsWithin(Duration.ofSeconds(10)).withThrowableThat().withMessageContaining("UNKNOWN");
    }

    @RepeatedTest(10)
    void callsThatMeetTheStopAreUnavailableOrAnswered() throws Exception {
        start();
        ExecutorService callers = Executors.newCachedThreadPool();
        try {
            CountDownLatch answered = new CountDownLatch(8);
            List<Future<Status>> ends = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                ends.add(callers.submit(() -> callUntilItFails(answered)));
            }
            answered.await();
            assertThat(app.shutdown("test").isClean()).isTrue();
            for (Future<Status> end : ends) {
                assertThat(end.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            }
        } finally {
            callers.shutdownNow();
        }
    }

    private Status callUntilItFails(CountDownLatch answered) {
        while (true) {
            try {
                blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, "hello");
                answered.countDown();
            } catch (StatusRuntimeException e) {
                return e.getStatus();
            }
        }
    }

    @Test
    void whatWasAbandonedIsInterruptedAndNotWaitedForAgain() throws Exception {
        Stops.limitsForAnAbandonedRequest(builder);
        start();
        Future<String> inFlight = hold();
        Stops.assertThatOneWasAbandonedAndNotWaitedForTwice(app.shutdown("test"));
        held.awaitEnd();
        assertThat(inFlight).failsWithin(Duration.ofSeconds(10));
        Stops.awaitInFlight(gate(), 0);
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        start();
        assertThat(Stops.failureOf(new GrpcServer("second", grpc(server.port()))))
                .contains("server 'second' cannot listen: Failed to bind to address ")
                .contains(":" + server.port())
                .contains("Address already in use");
    }
}
