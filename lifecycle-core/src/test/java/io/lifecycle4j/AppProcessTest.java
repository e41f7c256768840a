package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.testing.FakeProcess;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The app that owns its process, in a process that is not real. */
@Timeout(30)
class AppProcessTest {
    private final FakeProcess process = new FakeProcess();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void end() {
        process.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "HUP"})
    void aSignalRunsTheWholeSequenceAndExitsWithZero(String signal) {
        AppView app = process.run("im", this::everything);
        assertThat(app.state()).isEqualTo(AppState.RUNNING);
        process.signal(signal);
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events)
                .containsExactly(
                        "start business", "announce", "drain business", "stop business", "flush", "close b", "close a");
        ShutdownReport report = process.awaitReport();
        assertThat(report.outcome()).isEqualTo(Outcome.CLEAN);
        assertThat(report.reason().toString()).isEqualTo("SIG" + signal);
        assertThat(report.steps())
                .extracting(ShutdownReport.Step::name)
                .containsExactly("announce", "business", "business", "flush", "b", "a");
    }

    private void everything(AppBuilder app) {
        app.resource("a", () -> events.add("close a"));
        app.resource("b", () -> events.add("close b"));
        app.onShutdown("flush", context -> events.add("flush"));
        app.onAnnounce("announce", context -> events.add("announce"));
        app.server(new FakeServer("business", events));
    }

    @Test
    void anAppWithNothingRegisteredStartsWaitsAndStops() {
        process.run("im", app -> {});
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void aSecondSignalForcesTheExitInEveryPhase(Phase phase) {
        process.run("im", app -> {
            app.announceDelay(Duration.ofSeconds(phase == Phase.ANNOUNCE ? 5 : 0));
            app.server(new FakeServer("business", events) {
                @Override
                public void drain(ShutdownContext context) throws Exception {
                    hangIn(Phase.DRAIN, phase);
                }

                @Override
                public void stop(ShutdownContext context) throws Exception {
                    hangIn(Phase.STOP, phase);
                }
            });
            app.onShutdown("flush", context -> hangIn(Phase.CALLBACKS, phase));
            app.resource("database", () -> hangIn(Phase.RELEASE, phase));
        });
        process.signal("INT");
        process.awaitPhase(phase);
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
    }

    private void hangIn(Phase here, Phase wanted) throws InterruptedException {
        if (here == wanted) {
            never.await();
        }
    }

    @Test
    void theEchoOfASignalDoesNotCountButALaterOneDoes() {
        process.run("im", this::neverFlushed);
        process.advance(Duration.ofMinutes(1));
        process.signal("INT");
        process.awaitPhase(Phase.CALLBACKS);
        process.advance(Duration.ofMillis(49));
        process.signal("INT");
        process.advance(Duration.ofMillis(1));
        process.signal("HUP");
        process.awaitPhase(Phase.CALLBACKS);
        process.signal("INT");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
    }

    private void neverFlushed(AppBuilder app) {
        app.onShutdown("flush", context -> never.await());
    }

    @Test
    void aSignalWithinTheEchoWindowLeavesTheShutdownAlone() {
        process.run("im", this::neverFlushed);
        process.signal("INT");
        process.signal("INT");
        process.signal("HUP");
        process.awaitPhase(Phase.CALLBACKS);
        process.advance(Duration.ofSeconds(3));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
    }

    @Test
    void withAnEchoWindowOfZeroEverySignalCounts() {
        process.run("im", app -> {
            app.ignoreRepeatedSignalsWithin(Duration.ZERO);
            neverFlushed(app);
        });
        process.signal("INT");
        process.signal("INT");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
    }

    @Test
    void aFirstSignalJoinsAShutdownThatSomethingElseBegan() {
        AtomicReference<AppBuilder> builder = new AtomicReference<>();
        process.run("im", app -> {
            builder.set(app);
            neverFlushed(app);
        });
        Objects.requireNonNull(builder.get()).requestShutdown("maintenance");
        process.awaitPhase(Phase.CALLBACKS);
        process.signal("TERM");
        process.advance(Duration.ofMillis(2_900));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().reason().description()).isEqualTo("maintenance");
    }

    @Test
    void aStepThatHangsIsInterruptedCutAndNamedAndTheNextPhaseRuns() {
        process.run("im", app -> {
            app.resource("database", () -> events.add("close"));
            app.onShutdown("other", context -> events.add("other"));
            app.onShutdown("flush", context -> {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    events.add("interrupted");
                }
            });
        });
        process.signal("TERM");
        process.awaitStuck(Phase.CALLBACKS, "flush");
        process.advance(Duration.ofMillis(2_899));
        process.awaitPhase(Phase.CALLBACKS);
        assertThat(events).containsExactly("other");
        process.advance(Duration.ofMillis(1));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsExactly("other", "interrupted", "close");
        ShutdownReport report = process.awaitReport();
        assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(report.toString()).contains("CALLBACKS flush                   TIMED_OUT 2.9 s");
    }

    @Test
    void aStepThatIgnoresInterruptsIsAbandonedAtItsLimit() {
        CountDownLatch interrupted = new CountDownLatch(1);
        process.run("im", app -> app.onShutdown("stubborn", context -> ignoreInterrupts(interrupted)));
        process.signal("TERM");
        process.awaitPhase(Phase.CALLBACKS);
        process.advance(Duration.ofMillis(2_900));
        process.awaitPhase(Phase.CALLBACKS);
        process.advance(Duration.ofMillis(100));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().steps().get(0).abandoned()).isTrue();
        never.countDown();
    }

    private void ignoreInterrupts(CountDownLatch interrupted) {
        while (never.getCount() > 0) {
            try {
                never.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
        }
    }

    @Test
    void theDeadlineForcesTheExitWhenTheFunctionForTheStatusHangs() {
        process.run(
                "im",
                app -> app.exitStatus(report -> {
                    process.advance(Duration.ofSeconds(25));
                    ignoreInterrupts(new CountDownLatch(1));
                    return 0;
                }));
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
        never.countDown();
    }

    @Test
    void theEndOfTheSequenceDoesNotOvertakeAForcedExitThatIsBeingSaid() {
        process.run("im", app -> app.onShutdown("flush", context -> ignoreInterrupts(new CountDownLatch(1))));
        process.signal("INT");
        process.awaitStuck(Phase.CALLBACKS, "flush");
        whileItIsSaid(() -> process.signal("TERM"), never::countDown);
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
    }

    /** Lets {@code then} run when the line of a forced exit is logged, and the process end before the logger returns. */
    private void whileItIsSaid(Runnable force, Runnable then) {
        Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
        Appender<ILoggingEvent> appender = new UnsynchronizedAppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                if (event.getFormattedMessage().contains("is forced to exit with status 1")) {
                    then.run();
                    process.awaitExit();
                }
            }
        };
        appender.start();
        logger.addAppender(appender);
        try {
            force.run();
        } finally {
            logger.detachAppender(appender);
        }
    }

    @Test
    void theAnnounceDelayPassesBeforeTheGatesClose() {
        FakeServer server = new FakeServer("business", events);
        AppView app = process.run("im", setup -> {
            setup.announceDelay(Duration.ofSeconds(5));
            setup.server(server);
        });
        assertThat(app.isReady()).isTrue();
        assertThat(server.gate().isGoingAway()).isFalse();
        process.signal("TERM");
        assertThat(app.isReady()).isFalse();
        process.awaitPhase(Phase.ANNOUNCE);
        assertThat(server.gate().isGoingAway()).isTrue();
        assertThat(server.gate().tryEnter()).isTrue();
        process.advance(Duration.ofSeconds(5));
        process.awaitPhase(Phase.DRAIN);
        assertThat(events).startsWith("start business", "announce business");
        assertThat(server.gate().tryEnter()).isFalse();
        server.gate().leave();
        assertThat(process.awaitExit().status()).isZero();
        assertThat(process.awaitReport().gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    /** The clock stands still, so what is left is the limit but for what is kept for the interrupt: a tenth, 100 ms at most. */
    @ParameterizedTest
    @CsvSource({"5000, 4900, 2000, 1900", "5000, 4900, 9000, 4900", "0, 90, 2000, 90"})
    void eachStepOfTheDrainHasTheDrainsLimitOrItsOwnAndNeverLessThanATenthOfASecond(
            long drainTimeout, long server, long own, long callback) {
        Map<String, Duration> left = new ConcurrentHashMap<>();
        process.run("im", app -> {
            app.drainTimeout(Duration.ofMillis(drainTimeout));
            app.server(new FakeServer("business", events) {
                @Override
                public void drain(ShutdownContext context) {
                    left.put("server", context.remaining());
                }
            });
            app.onDrain("callback", context -> left.put("callback", context.remaining()));
            app.onDrain("limited", Duration.ofMillis(own), context -> left.put("limited", context.remaining()));
        });
        process.signal("TERM");
        process.awaitExit();
        assertThat(left)
                .containsEntry("server", Duration.ofMillis(server))
                .containsEntry("callback", Duration.ofMillis(server))
                .containsEntry("limited", Duration.ofMillis(callback));
    }

    @Test
    void theReportsFiguresAddUp() {
        FakeServer server = new FakeServer("business", events);
        process.run("im", app -> {
            app.announceDelay(Duration.ofSeconds(2));
            app.server(server);
            app.onShutdown(
                    "late", context -> assertThat(server.gate().tryEnter()).isFalse());
        });
        for (int request = 0; request < 3; request++) {
            assertThat(server.gate().tryEnter()).isTrue();
        }
        process.signal("TERM");
        process.awaitPhase(Phase.ANNOUNCE);
        process.advance(Duration.ofSeconds(2));
        process.awaitStuck(Phase.DRAIN);
        server.gate().leave();
        assertThat(server.gate().tryEnter()).isFalse();
        process.advance(Duration.ofSeconds(10));
        process.awaitExit();
        ShutdownReport report = process.awaitReport();
        assertThat(report.phases())
                .isEqualTo(Map.of(
                        Phase.ANNOUNCE, Duration.ofSeconds(2),
                        Phase.DRAIN, Duration.ofSeconds(10),
                        Phase.STOP, Duration.ZERO,
                        Phase.CALLBACKS, Duration.ZERO,
                        Phase.RELEASE, Duration.ZERO));
        assertThat(report.duration()).isEqualTo(Duration.ofSeconds(12));
        // 3 in flight at the close, 1 of them drained; rejected: one in the drain, one in a callback
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 3, 1, 2, 2));
        assertThat(report.steps())
                .allMatch(step -> step.start().plus(step.duration()).compareTo(report.duration()) <= 0);
    }

    @Test
    void aGateThatServesUntilIdleIsClosedAtTheDrainsLimit() {
        RequestGate serving = RequestGate.servingUntilIdle("business");
        process.run(
                "im",
                app -> app.server(new FakeServer("business", events) {
                    @Override
                    public List<RequestGate> gates() {
                        return List.of(serving);
                    }
                }));
        assertThat(serving.tryEnter()).isTrue();
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN);
        assertThat(serving.tryEnter()).isTrue();
        process.advance(Duration.ofSeconds(10));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(serving.tryEnter()).isFalse();
        assertThat(process.awaitReport().gates()).containsExactly(new ShutdownReport.Gate("business", 2, 0, 2, 0));
    }

    @Test
    void abandonedRequestsAreWorseThanAFailedStep() {
        FakeServer server = new FakeServer("business", events);
        process.run("im", app -> {
            app.server(server);
            app.onShutdown("flush", context -> {
                throw new IllegalStateException("no disk");
            });
        });
        assertThat(server.gate().tryEnter()).isTrue();
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN);
        process.advance(Duration.ofSeconds(10));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.TIMED_OUT);
    }

    @Test
    void aDrainCallbackIsCutAtItsOwnLimit() {
        process.run("im", app -> app.onDrain("streams", Duration.ofSeconds(1), context -> never.await()));
        process.advance(Duration.ofSeconds(7)); // the app runs for a while
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN, "streams");
        process.advance(Duration.ofMillis(900));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        ShutdownReport.Step step = process.awaitReport().steps().get(0);
        assertThat(step.start()).isZero();
        assertThat(step.duration()).isEqualTo(Duration.ofMillis(900));
    }

    @Test
    void aSetupThatIgnoresItsInterruptIsWaitedForUntilTheStopTimeout() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        process.launch("im", app -> {
            blocked.countDown();
            ignoreInterrupts(new CountDownLatch(1));
        });
        blocked.await();
        process.signal("INT");
        process.awaitStuck(Phase.STOP, "setup");
        process.advance(Duration.ofSeconds(5));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().steps())
                .extracting(ShutdownReport.Step::name, ShutdownReport.Step::outcome)
                .containsExactly(tuple("setup", Outcome.TIMED_OUT));
        never.countDown();
    }

    @Test
    void requestsInFlightAreAbandonedAtTheDrainsLimit() {
        FakeServer server = new FakeServer("business", events);
        process.run("im", app -> app.server(server));
        assertThat(server.gate().tryEnter()).isTrue();
        process.signal("TERM");
        process.awaitPhase(Phase.DRAIN);
        process.advance(Duration.ofSeconds(10));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(process.awaitReport().gates()).containsExactly(new ShutdownReport.Gate("business", 1, 0, 1, 0));
        assertThat(events).contains("stop business");
    }

    @Test
    void aFailedStartReleasesWhatWasRegisteredAndExitsWithOne() {
        process.launch("im", app -> {
            app.resource("database", () -> events.add("close"));
            app.onShutdown("flush", context -> events.add("flush"));
            app.server(new FakeServer("admin", events));
            app.server(new FakeServer("business", events) {
                @Override
                public void start(ServerContext context) throws Exception {
                    throw new AppStartException("server 'business': port 8080 is in use", null);
                }
            });
            app.server(new FakeServer("third", events));
        });
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsSubsequence("start admin", "drain admin", "stop admin", "flush", "close");
        assertThat(events).contains("stop business").doesNotContain("start third", "stop third");
        assertThat(process.awaitReport().reason().description()).isEqualTo("server 'business': port 8080 is in use");
    }

    @Test
    void aFailedSetupReleasesWhatWasRegisteredAndExitsWithOne() {
        process.launch("im", app -> {
            app.resource("database", () -> events.add("close"));
            throw new AppStartException("cannot reach the database", null);
        });
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsExactly("close");
    }

    @Test
    void aSignalDuringASetupThatBlocksReleasesWhatWasRegistered() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        AppView view = process.launch("im", app -> {
            app.resource("database", () -> events.add("close"));
            app.server(new FakeServer("business", events));
            blocked.countDown();
            never.await();
        });
        blocked.await();
        process.signal("INT");
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).containsExactly("close");
        assertThat(view.state()).isEqualTo(AppState.STOPPED);
    }

    @Test
    void aSignalDuringAStartThatBlocksForEverStopsWhatHasStarted() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        process.launch("im", app -> {
            app.server(new FakeServer("admin", events));
            app.server(new FakeServer("business", events) {
                @Override
                public void start(ServerContext context) {
                    blocked.countDown();
                    ignoreInterrupts(new CountDownLatch(1));
                }
            });
            app.server(new FakeServer("third", events));
        });
        blocked.await();
        process.signal("INT");
        process.awaitPhase(Phase.STOP);
        process.advance(Duration.ofMillis(4_900));
        process.awaitPhase(Phase.STOP);
        process.advance(Duration.ofMillis(100));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).contains("stop admin").doesNotContain("start third", "drain business", "stop business");
        never.countDown();
    }

    @Test
    void aServerIsStoppedAfterItsLateStartWithoutAnInterruptOfOurs() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        process.launch(
                "im",
                app -> app.server(new FakeServer("business", events) {
                    @Override
                    public void start(ServerContext context) {
                        blocked.countDown();
                        ignoreInterrupts(new CountDownLatch(1));
                    }

                    @Override
                    public void stop(ShutdownContext context) {
                        events.add(Thread.currentThread().isInterrupted() ? "stop interrupted" : "stop");
                    }
                }));
        blocked.await();
        process.signal("INT");
        process.awaitPhase(Phase.STOP);
        Awaitility.await().until(() -> isWaiting("im-stop-business"));
        process.advance(Duration.ofMillis(4_900)); // now the wait for the start is interrupted
        process.awaitPhase(Phase.STOP);
        never.countDown();
        assertThat(process.awaitExit().forced()).isFalse();
        assertThat(events).containsExactly("stop");
    }

    private static boolean isWaiting(String thread) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(each -> each.getName().equals(thread) && each.getState() == Thread.State.WAITING);
    }

    @Test
    void aShutdownAskedForInTheSetupIsNotLostAndNothingStarts() {
        process.launch("im", app -> {
            app.server(new FakeServer("business", events));
            app.resource("database", () -> events.add("close"));
            app.requestShutdown("nothing to do");
        });
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).containsExactly("close");
    }

    @Test
    void aShutdownAskedForInAStartStopsThatServerAndStartsNoOther() {
        process.launch("im", app -> {
            app.server(new FakeServer("business", events) {
                @Override
                public void start(ServerContext context) {
                    app.requestShutdown("changed my mind");
                }
            });
            app.server(new FakeServer("third", events));
        });
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).contains("stop business").doesNotContain("start third", "stop third");
    }

    @Test
    void manySignalsAndRequestsAtOnceMakeOneSequence() throws Exception {
        AtomicReference<AppBuilder> builder = new AtomicReference<>();
        process.run("im", app -> {
            builder.set(app);
            app.onShutdown("flush", context -> events.add("flush"));
        });
        CountDownLatch together = new CountDownLatch(8);
        List<Thread> askers = new ArrayList<>();
        for (int asker = 0; asker < 8; asker++) {
            boolean signals = asker % 2 == 0;
            askers.add(new Thread(() -> {
                together.countDown();
                try {
                    together.await();
                } catch (InterruptedException e) {
                    return;
                }
                if (signals) {
                    process.signal("HUP");
                } else {
                    Objects.requireNonNull(builder.get()).requestShutdown("asked");
                }
            }));
        }
        askers.forEach(Thread::start);
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).containsExactly("flush");
        assertThat(process.awaitReport().reason().description()).isIn("SIGHUP", "asked");
    }

    @Test
    void readinessIsRedFromTheFirstMomentOfAShutdownWhateverConditionsSay() {
        AtomicReference<AppBuilder> builder = new AtomicReference<>();
        AppView app = process.run("im", setup -> {
            builder.set(setup);
            setup.readiness("slow", () -> {
                setup.requestShutdown("while being asked");
                return true;
            });
        });
        assertThat(app.isReady()).isFalse();
    }

    @Test
    void aSecondSignalDuringABlockedSetupForcesTheExit() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        process.launch("im", app -> {
            blocked.countDown();
            ignoreInterrupts(new CountDownLatch(1));
        });
        blocked.await();
        process.signal("INT");
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
        never.countDown();
    }

    @Test
    void aServerThatFailsWhileRunningEndsTheAppWithStatusOne() {
        FakeServer server = new FakeServer("business", events);
        process.run("im", app -> app.server(server));
        server.fail(new IllegalStateException("the acceptor died"));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        ShutdownReport report = process.awaitReport();
        assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(report.reason().toString())
                .isEqualTo("server 'business' failed: java.lang.IllegalStateException: the acceptor died");
    }

    @Test
    void exitElsewhereRunsTheSequenceAndItsStatusStands() {
        process.run("im", this::everything);
        process.exitElsewhere(7);
        assertThat(process.awaitExit()).isEqualTo(new Exit(7, false));
        assertThat(events).contains("flush", "close a");
        assertThat(process.awaitReport().reason().kind()).isEqualTo(ShutdownReason.Kind.EXIT);
    }

    @Test
    void theExitStatusIsTheUsers() {
        process.run("im", app -> app.exitStatus(report -> report.isClean() ? 42 : 43));
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(42, false));
    }

    @Test
    void theFunctionForTheExitStatusIsNotAskedOnAForcedExit() {
        process.run("im", app -> {
            app.exitStatus(report -> 42);
            neverFlushed(app);
        });
        process.signal("INT");
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
    }

    @Test
    void aFunctionForTheExitStatusThatThrowsGivesOne() {
        process.run(
                "im",
                app -> app.exitStatus(report -> {
                    throw new IllegalStateException("no status");
                }));
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
    }

    @Test
    void aSecondRunInOneProcessIsRefused() {
        process.run("im", app -> {});
        assertThatThrownBy(() -> process.run("other", app -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("App 'other' cannot run: this process belongs to app 'im'");
    }

    @Test
    void aSetupCannotBuildTheAppThatRunBuilds() {
        process.run(
                "im",
                app -> assertThatThrownBy(app::build)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("App 'im' is built by App.run; leave out the call of build()"));
        process.signal("TERM");
        assertThat(process.awaitExit().status()).isZero();
    }

    @Test
    void aResourceThatComesTooLateIsClosedAndRefused() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        process.launch("im", app -> {
            blocked.countDown();
            ignoreInterruptsOnce();
            try {
                app.resource("database", () -> events.add("close"));
            } catch (IllegalStateException e) {
                refusal.set(e);
            }
        });
        blocked.await();
        process.signal("INT");
        assertThat(process.awaitExit().forced()).isFalse();
        assertThat(events).containsExactly("interrupted", "close");
        assertThat(refusal.get())
                .hasMessageMatching("App 'im' is (STOPPING|STOPPED); resources can be added only before start");
    }

    @Test
    void hangupCanBeLeftToTheService() {
        AppView app = process.run("im", builder -> {
            builder.onShutdown("flush", context -> never.await());
            builder.onHangup(() -> {
                events.add("read again");
                throw new IllegalStateException("no such file");
            });
        });
        process.signal("HUP");
        process.signal("HUP");
        assertThat(app.state()).isEqualTo(AppState.RUNNING);
        assertThat(events).containsExactly("read again", "read again");
        process.signal("TERM");
        process.awaitStuck(Phase.CALLBACKS, "flush");
        process.signal("HUP");
        process.signal("INT");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, true));
        assertThat(events).hasSize(2);
    }

    @Test
    void theStatusOfAForcedExitCanBeSet() {
        process.run("im", app -> {
            app.forcedExitStatus(143);
            neverFlushed(app);
        });
        process.signal("TERM");
        process.awaitPhase(Phase.CALLBACKS);
        process.signal("INT");
        assertThat(process.awaitExit()).isEqualTo(new Exit(143, true));
    }

    private void ignoreInterruptsOnce() {
        try {
            never.await();
        } catch (InterruptedException e) {
            events.add("interrupted");
        }
    }

    @Test
    void aHundredFakeProcessesLeaveNoThreadBehind() {
        for (int i = 0; i < 100; i++) {
            FakeProcess one = new FakeProcess();
            one.run("fake", app -> app.onShutdown("flush", context -> {}));
            one.signal("TERM");
            assertThat(one.awaitExit()).isEqualTo(new Exit(0, false));
        }
        Awaitility.await()
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                        .noneMatch(thread -> thread.getName().startsWith("fake-")));
    }

    @Test
    void aTaskIsToldThenInterruptedWhenStopBegins() {
        CountDownLatch told = new CountDownLatch(1);
        process.run("im", app -> {
            app.onAnnounce("wait until it is told", context -> told.await());
            app.task("worker", view -> {
                view.whenShuttingDown().thenRun(told::countDown);
                try {
                    never.await();
                } catch (InterruptedException e) {
                    events.add("interrupted in " + view.phase());
                }
            });
        });
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).containsExactly("interrupted in STOP");
    }

    @Test
    void aTaskThatEndsByThrowingAtItsInterruptHasNotFailed() {
        process.run("im", app -> app.task("worker", view -> new CountDownLatch(1).await()));
        process.signal("TERM");
        assertThat(process.awaitExit().status()).isZero();
    }

    @Test
    void aTaskThatFailsEndsTheAppWithStatusOne() {
        process.launch(
                "im",
                app -> app.task("worker", view -> {
                    throw new IllegalStateException("no queue");
                }));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().reason().toString())
                .isEqualTo("task 'worker' failed: java.lang.IllegalStateException: no queue");
    }

    @Test
    void aTaskThatFailsWhileTheAppShutsDownIsAFailedStep() throws Exception {
        AtomicReference<Thread> worker = new AtomicReference<>();
        CountDownLatch failNow = new CountDownLatch(1);
        process.run("im", app -> {
            app.task("worker", view -> {
                worker.set(Thread.currentThread());
                failNow.await();
                throw new IllegalStateException("queue lost");
            });
            app.onDrain("lose the queue", context -> {
                failNow.countDown();
                Objects.requireNonNull(worker.get()).join();
            });
        });
        Awaitility.await().until(() -> worker.get() != null);
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().toString()).contains("task 'worker' failed while the app was shutting down");
        assertThat(process.awaitReport().reason().description()).isEqualTo("SIGTERM");
    }

    @Test
    void aTaskThatReturnsEndsTheAppOnlyIfItWasRegisteredTo() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        AppView app = process.run("im", setup -> {
            setup.task("once", view -> done.countDown());
            setup.task("pump", Task.OnReturn.SHUT_DOWN, view -> never.await());
        });
        done.await();
        assertThat(app.isShuttingDown()).isFalse();
        never.countDown();
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(process.awaitReport().reason().description()).isEqualTo("task 'pump' has ended");
    }

    @Test
    void aTaskThatIgnoresItsInterruptIsAbandonedAtTheStopTimeout() {
        process.run("im", app -> app.task("stubborn", view -> ignoreInterrupts(new CountDownLatch(1))));
        process.signal("TERM");
        process.awaitPhase(Phase.STOP);
        process.advance(Duration.ofSeconds(5));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.TIMED_OUT);
        never.countDown();
    }
}
