package io.lifecycle4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.AppStartException;
import io.lifecycle4j.AppState;
import io.lifecycle4j.AppView;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.Task;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class FakeProcessTest {
    private static final Duration COMPUTING = Duration.ofMillis(300);

    private final FakeProcess process = new FakeProcess();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void end() {
        process.close();
    }

    private static void compute() {
        long end = System.nanoTime() + COMPUTING.toNanos();
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    @Test
    void awaitStuckReturnsWhenTheStepWaitsAndNotWhileItComputes() {
        AtomicBoolean computed = new AtomicBoolean();
        process.run(
                "im",
                app -> app.onShutdown("flush", context -> {
                    compute();
                    computed.set(true);
                    never.await();
                }));
        process.signal("TERM");
        process.awaitStuck(Phase.CALLBACKS, "flush");
        assertThat(computed).isTrue();
    }

    @Test
    void awaitStuckReturnsWhenTheTaskItselfWaitsAndNotWhileItComputes() {
        AtomicBoolean computed = new AtomicBoolean();
        CountDownLatch begun = new CountDownLatch(1);
        process.run(
                "im",
                app -> app.task("worker", view -> {
                    try {
                        begun.countDown();
                        never.await();
                    } catch (InterruptedException e) {
                        compute();
                        computed.set(true);
                        never.await();
                    }
                }));
        await(begun);
        process.signal("TERM");
        process.awaitStuck(Phase.STOP, "worker");
        assertThat(computed).isTrue();
    }

    @Test
    void aStepInNativeCodeThatWaitsForTheNetworkIsStuck() throws Exception {
        try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            process.run(
                    "im",
                    app -> app.onShutdown("accept", context -> nobody.accept().close()));
            process.signal("TERM");
            process.awaitStuck(Phase.CALLBACKS, "accept");
            process.advance(Duration.ofSeconds(3));
            assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        }
    }

    @Test
    void waitingForWhatCannotComeAnyMoreFailsAtOnceAndSaysWhatIsThere() {
        process.run("im", app -> app.onShutdown("flush", context -> {}));
        process.signal("TERM");
        process.awaitExit();
        assertThatThrownBy(() -> process.awaitStuck(Phase.CALLBACKS, "flush"))
                .isInstanceOf(AssertionError.class)
                .hasMessage("waited for phase CALLBACKS with just [flush] running, each of which waits;"
                        + " the app is STOPPED, the process has ended with Exit[status=0, forced=false],"
                        + " running: [], in flight: {}");
    }

    @Test
    void awaitInFlightReturnsWhenSoManyAreIn() {
        AtomicReference<@Nullable RequestGate> gate = new AtomicReference<>();
        process.run("im", app -> gate.set(app.gate("orders")));
        RequestGate orders = Objects.requireNonNull(gate.get());
        Thread client = new Thread(() -> {
            compute();
            assertThat(orders.tryEnter()).isTrue();
            assertThat(orders.tryEnter()).isTrue();
        });
        client.start();
        process.awaitInFlight("orders", 2);
        assertThat(orders.inFlight()).isEqualTo(2);
        orders.leave();
        orders.leave();
    }

    @Test
    void aFailedStartIsAnErrorAtTheCallerWithItsReasonAndCause() {
        AppStartException inUse = new AppStartException("server 'business': port 8080 is in use", null);
        assertThatThrownBy(() -> process.run(
                        "im",
                        app -> app.server(new Server("business") {
                            @Override
                            public void start(ServerContext context) throws AppStartException {
                                throw inUse;
                            }
                        })))
                .isInstanceOf(AssertionError.class)
                .hasMessage("App 'im' did not start: server 'business': port 8080 is in use")
                .hasCause(inUse);
    }

    @Test
    void aStartThatIsGivenUpIsAnErrorAtTheCaller() {
        assertThatThrownBy(() -> process.run("im", app -> app.requestShutdown("nothing to do")))
                .isInstanceOf(AssertionError.class)
                .hasMessage("App 'im' did not start: nothing to do");
    }

    @Test
    void anAppThatRanAndEndedAtOnceDidStart() {
        for (int i = 0; i < 100; i++) {
            try (FakeProcess one = new FakeProcess()) {
                one.run("im", app -> app.task("over", Task.OnReturn.SHUT_DOWN, view -> awaitRunning(view)));
            }
        }
    }

    private static void awaitRunning(AppView app) {
        while (app.state().compareTo(AppState.RUNNING) < 0) {
            Thread.onSpinWait();
        }
    }

    private enum Ending {
        NONE,
        CLEAN,
        FORCED,
        FAILED_START,
        HANGING_SETUP
    }

    @ParameterizedTest
    @EnumSource
    void afterCloseNoPortNoThreadAndNoFileOfTheAppIsLeft(Ending ending, @TempDir Path folder) throws Exception {
        PortAndFile business = new PortAndFile(folder.resolve("file"));
        CountDownLatch settingUp = new CountDownLatch(1);
        process.launch("leaving", app -> {
            app.resource("file", business.file);
            app.server(business);
            app.task("worker", view -> never.await());
            app.onShutdown("hanging", context -> never.await());
            app.onDrain("stubborn once", context -> stubbornOnce());
            settingUp.countDown();
            if (ending == Ending.HANGING_SETUP) {
                stubbornOnce();
                never.await();
            }
            if (ending == Ending.FAILED_START) {
                app.server(new Server("failing") {
                    @Override
                    public void start(ServerContext context) throws AppStartException {
                        throw new AppStartException("no", null);
                    }
                });
            }
        });
        await(settingUp);
        switch (ending) {
            case NONE, HANGING_SETUP -> {}
            case FAILED_START -> process.awaitPhase(Phase.DRAIN);
            case CLEAN -> {
                await(business.listening);
                process.signal("TERM");
            }
            case FORCED -> {
                await(business.listening);
                process.signal("INT");
                process.awaitPhase(Phase.DRAIN);
                process.signal("TERM");
                assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
            }
        }
        process.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("leaving-"));
        assertThat(business.isOpen()).isFalse();
        assertThat(business.closed).isTrue();
        process.close();
    }

    private void stubbornOnce() throws InterruptedException {
        try {
            never.await();
        } catch (InterruptedException e) {
            never.await();
        }
    }

    @Test
    void closeGivesEachStepItsTurnAndCutsThoseThatHang() {
        process.run("im", app -> {
            app.resource("second", () -> events.add("second closed"));
            app.resource("hanging", never::await);
            app.resource("first", () -> {
                compute();
                events.add("first closed");
            });
        });
        process.close();
        assertThat(events).containsExactly("first closed", "second closed");
        assertThat(process.awaitReport().reason().description()).isEqualTo("the test is over");
    }

    @Test
    void closeEndsAFunctionForTheStatusThatHangs() {
        process.run(
                "hanging",
                app -> app.exitStatus(report -> {
                    await(never);
                    return 0;
                }));
        process.signal("TERM");
        process.close();
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("hanging-"));
    }

    @Test
    void toCloseAProcessInWhichNothingRanIsHarmless() {
        process.close();
        process.close();
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("nothing came");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static class Server implements ManagedServer {
        private final String name;

        Server(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public void start(ServerContext context) throws Exception {}

        @Override
        public void stop(ShutdownContext context) throws Exception {}
    }

    private static final class PortAndFile extends Server {
        final OutputStream file;
        final CountDownLatch listening = new CountDownLatch(1);
        final AtomicBoolean closed = new AtomicBoolean();
        private volatile @Nullable ServerSocket socket;

        PortAndFile(Path path) throws IOException {
            super("business");
            OutputStream out = Files.newOutputStream(path);
            this.file = new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    out.write(b);
                }

                @Override
                public void close() throws IOException {
                    out.close();
                    closed.set(true);
                }
            };
        }

        @Override
        public void start(ServerContext context) throws IOException {
            socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            listening.countDown();
        }

        @Override
        public void stop(ShutdownContext context) throws IOException {
            ServerSocket open = socket;
            if (open != null) {
                open.close();
            }
        }

        boolean isOpen() {
            ServerSocket open = socket;
            return open != null && !open.isClosed();
        }
    }
}
