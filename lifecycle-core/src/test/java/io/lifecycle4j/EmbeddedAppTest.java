package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.tuple;

import io.lifecycle4j.ShutdownReport.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jdk.jfr.Recording;
import org.assertj.core.api.ThrowableAssert;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The app without a process of its own, on the real clock. */
@Timeout(30)
class EmbeddedAppTest {
    private final List<String> events = new CopyOnWriteArrayList<>();

    @Test
    void startsAndShutsDownAndTheCallerGoesOn() throws Exception {
        AppBuilder builder = App.builder("im");
        builder.server(new FakeServer("business", events));
        App app = builder.build();
        app.start();
        assertThat(app.state()).isEqualTo(AppState.RUNNING);
        ShutdownReport report = app.shutdown("test");
        assertThat(report.isClean()).isTrue();
        assertThat(app.state()).isEqualTo(AppState.STOPPED);
        assertThat(events).containsExactly("start business", "drain business", "stop business");
        assertThat(app.shutdown("again")).isSameAs(report);
        app.close();
        app.close();
        assertThat(app.state()).isEqualTo(AppState.STOPPED);
    }

    @Test
    void resourcesAndExecutorsCloseOneAfterAnotherTheLastRegisteredFirst() throws Exception {
        AppBuilder builder = App.builder("im");
        ExecutorService mail = Executors.newSingleThreadExecutor();
        builder.resource("database", () -> events.add("database, mail ended: " + mail.isTerminated()));
        builder.executor("mail", mail);
        builder.resource("broker", () -> events.add("broker, mail ended: " + mail.isTerminated()));
        builder.onShutdown("flush", context -> events.add("flush"));
        App app = builder.build();
        app.start();

        ShutdownReport report = app.shutdown("test");

        assertThat(events).containsExactly("flush", "broker, mail ended: false", "database, mail ended: true");
        assertThat(report.steps())
                .filteredOn(step -> step.phase() == Phase.RELEASE)
                .extracting(ShutdownReport.Step::name)
                .containsExactly("broker", "mail", "database");
    }

    @Test
    void serversAndTasksStartInTheOrderOfRegistration() throws Exception {
        CountDownLatch working = new CountDownLatch(1);
        AppBuilder builder = App.builder("im");
        builder.server(new FakeServer("first", events));
        builder.task("second", view -> {
            events.add("second works");
            working.countDown();
        });
        builder.server(new FakeServer("third", events) {
            @Override
            public void start(ServerContext context) throws Exception {
                working.await(); // for ever, if the task were started later
                super.start(context);
            }
        });
        builder.server(new FakeServer("fourth", events));
        try (App app = builder.build()) {
            app.start();
            assertThat(events).containsExactly("start first", "second works", "start third", "start fourth");
        }
    }

    @Test
    void aFailedStartThrowsWithTheFailuresOfTheCleanUpSuppressed() {
        AppBuilder builder = App.builder("im");
        IllegalStateException cause = new IllegalStateException("no disk");
        builder.onShutdown("flush", context -> {
            throw new IllegalArgumentException("no flush either");
        });
        builder.server(new FakeServer("business", events) {
            @Override
            public void start(ServerContext context) {
                throw cause;
            }
        });
        assertThatThrownBy(builder.build()::start)
                .isInstanceOf(AppStartException.class)
                .hasMessage("App 'im' did not start: server 'business' could not start:"
                        + " java.lang.IllegalStateException: no disk")
                .hasCause(cause)
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(events).contains("stop business");
    }

    @Test
    void shutdownBeforeStartReleasesAndALaterStartIsRefused() {
        AppBuilder builder = App.builder("im");
        builder.resource("database", () -> events.add("close"));
        builder.server(new FakeServer("business", events));
        App app = builder.build();
        assertThat(app.shutdown("never wanted").isClean()).isTrue();
        assertThat(events).containsExactly("close");
        assertThatThrownBy(app::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("App 'im' is STOPPED; it can be started only once, from NEW");
    }

    @Test
    void startingTwiceIsRefused() throws Exception {
        try (App app = App.builder("im").build()) {
            app.start();
            assertThatThrownBy(app::start)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("App 'im' is RUNNING; it can be started only once, from NEW");
        }
    }

    @Test
    void registeringAfterStartIsRefused() throws Exception {
        AppBuilder builder = App.builder("im");
        try (App app = builder.build()) {
            app.start();
            assertThatThrownBy(() -> builder.onShutdown("flush", context -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("App 'im' is RUNNING; callbacks can be added only before start");
            assertThatThrownBy(() -> builder.drainTimeout(Duration.ofSeconds(1)))
                    .hasMessage("App 'im' is RUNNING; limits can be set only before start");
        }
    }

    @Test
    void badInputIsRefusedWithItsValueAndWhatWasExpected() {
        AppBuilder builder = App.builder("im");
        assertThatThrownBy(() -> App.builder(" ")).hasMessage("app name: ' ' (expected: not blank)");
        assertThatThrownBy(() -> builder.shutdownTimeout(Duration.ZERO))
                .hasMessage("shutdownTimeout: PT0S (expected: > 0)");
        assertThatThrownBy(() -> builder.drainTimeout(Duration.ofSeconds(-1)))
                .hasMessage("drainTimeout: PT-1S (expected: >= 0)");
        assertThatThrownBy(() -> builder.announceDelay(Duration.ofDays(366)))
                .hasMessage("announceDelay: PT8784H (expected: at most 365 days)");
        assertThatThrownBy(() -> builder.onShutdown("flush", Duration.ZERO, context -> {}))
                .hasMessage("limit of 'flush': PT0S (expected: > 0)");
        assertThatThrownBy(() -> builder.ignoreRepeatedSignalsWithin(Duration.ofMillis(-1)))
                .hasMessage("ignoreRepeatedSignalsWithin: PT-0.001S (expected: >= 0)");
        builder.resource("database", () -> {});
        assertThatThrownBy(() -> builder.resource("database", () -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resource 'database' is registered already (expected: a name that is used once)");
        builder.onShutdown("database", context -> {}); // another kind, so the name is new
        assertThatThrownBy(() -> builder.onShutdown("database", context -> {}))
                .hasMessage("CALLBACKS callback 'database' is registered already (expected: a name that is used once)");
    }

    @Test
    @SuppressWarnings("NullAway") // that is the point
    void nullsAreNamed() {
        AppBuilder builder = App.builder("im");
        assertNull("app name", () -> App.builder(null));
        assertNull("setup", () -> App.run("im", null));
        assertNull("server", () -> builder.server(null));
        assertNull("task", () -> builder.task("task", null));
        assertNull("resource", () -> builder.resource("database", null));
        assertNull("executor", () -> builder.executor("pool", null));
        assertNull("callback", () -> builder.onShutdown("flush", null));
        assertNull("callback name", () -> builder.onDrain(null, context -> {}));
        assertNull("condition", () -> builder.readiness("database", null));
        assertNull("drainTimeout", () -> builder.drainTimeout(null));
        assertNull("exit status function", () -> builder.exitStatus(null));
        assertNull("reason name", () -> builder.requestShutdown(null));
    }

    private static void assertNull(String what, ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(NullPointerException.class)
                .hasMessage(what + ": null (expected: not null)");
    }

    @Test
    void settingsAfterTheStartAreRefused() throws Exception {
        AppBuilder builder = App.builder("im");
        try (App app = builder.build()) {
            app.start();
            assertThatThrownBy(() -> builder.exitStatus(report -> 0))
                    .hasMessage("App 'im' is RUNNING; the exit status can be set only before start");
            assertThatThrownBy(() -> builder.ignoreRepeatedSignalsWithin(Duration.ZERO))
                    .hasMessage("App 'im' is RUNNING; limits can be set only before start");
        }
    }

    @Test
    void serversStopConcurrentlyAndOneThatHangsIsAbandonedAtItsLimit() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        CountDownLatch never = new CountDownLatch(1);
        AppBuilder builder = App.builder("im").stopTimeout(Duration.ofMillis(300));
        for (String name : List.of("one", "two", "hangs")) {
            builder.server(new FakeServer(name, events) {
                @Override
                public void stop(ShutdownContext context) throws InterruptedException {
                    if (name.equals("hangs")) {
                        ignoreInterrupts(never);
                    }
                    both.countDown();
                    both.await(); // passes only if the two stop side by side
                    events.add("stopped " + name);
                }
            });
        }
        App app = builder.build();
        app.start();
        ShutdownReport report = app.shutdown("test");
        never.countDown();
        assertThat(events).contains("stopped one", "stopped two");
        assertThat(report.steps())
                .filteredOn(ShutdownReport.Step::abandoned)
                .extracting(ShutdownReport.Step::name)
                .containsExactly("hangs");
    }

    private static void ignoreInterrupts(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                // stubborn
            }
        }
    }

    @Test
    void onlyTheAbandonedAreAliveAfterwardsAndTheyAreNamed() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AtomicBoolean stop = new AtomicBoolean();
        AppBuilder builder = App.builder("left");
        builder.onShutdown("stuck", Duration.ofMillis(50), context -> ignoreInterrupts(never));
        builder.onShutdown("spins", Duration.ofMillis(50), context -> {
            while (!stop.get()) {
                Thread.onSpinWait();
            }
        });
        builder.onShutdown("ends", context -> {});
        App app = builder.build();
        app.start();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.steps())
                .filteredOn(ShutdownReport.Step::abandoned)
                .extracting(ShutdownReport.Step::name)
                .containsExactlyInAnyOrder("stuck", "spins");
        Awaitility.await()
                .untilAsserted(() -> assertThat(threadsOf("left"))
                        .containsExactlyInAnyOrder("left-callbacks-stuck", "left-callbacks-spins"));
        never.countDown();
        stop.set(true);
    }

    @ParameterizedTest
    @ValueSource(classes = {StackOverflowError.class, NoClassDefFoundError.class, OutOfMemoryError.class})
    void errorsAreRecordedLikeExceptions(Class<? extends Error> type) throws Exception {
        AppBuilder builder = App.builder("im");
        builder.resource("database", () -> events.add("close"));
        builder.onShutdown("flush", context -> {
            throw type.getDeclaredConstructor().newInstance();
        });
        App app = builder.build();
        app.start();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.steps().get(0).failure()).isInstanceOf(type);
        assertThat(report.steps().get(0).outcome()).isEqualTo(Outcome.FAILED);
        assertThat(events).containsExactly("close");
    }

    @Test
    void aRequestThatShutsDownAndWaitsForTheEndWaitsAtMostTheDrainsLimit() throws Exception {
        AppBuilder builder = App.builder("im").drainTimeout(Duration.ofMillis(200));
        RequestGate gate = builder.gate("queue");
        App app = builder.build();
        app.start();
        assertThat(gate.tryEnter()).isTrue();
        ShutdownReport report = app.shutdown("by a request in flight");
        gate.leave();
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("queue", 1, 0, 1, 0));
    }

    @Test
    void workInFlightIsNotInterruptedAndCanAskWhetherTheAppShutsDown() throws Exception {
        AppBuilder builder = App.builder("im");
        RequestGate gate = builder.gate("queue");
        App app = builder.build();
        app.start();
        assertThat(gate.tryEnter()).isTrue();
        app.requestShutdown("test");
        Awaitility.await().until(() -> app.phase() == Phase.DRAIN);
        assertThat(app.isShuttingDown()).isTrue();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        gate.leave();
        assertThat(app.shutdown("again").isClean()).isTrue();
    }

    @Test
    void anInterruptOfTheStartDoesNotLeakOutOfIt() {
        AppBuilder builder = App.builder("im");
        CountDownLatch never = new CountDownLatch(1);
        builder.server(new FakeServer("business", events) {
            @Override
            public void start(ServerContext context) {
                builder.requestShutdown("while starting");
                awaitQuietly(never); // until it is interrupted, and keeps the interrupt
            }
        });
        assertThatThrownBy(builder.build()::start).isInstanceOf(AppStartException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void anInterruptOfTheCallerDoesNotEndItsWaitForTheEndAndIsKept() throws Exception {
        App app = App.builder("im").build();
        app.start();
        Thread.currentThread().interrupt();
        ShutdownReport report = app.shutdown("test");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(report.isClean()).isTrue();
    }

    @Test
    void manyEmbeddedAppsWorkSideBySide() throws Exception {
        List<App> apps = new ArrayList<>();
        for (int number = 0; number < 10; number++) {
            AppBuilder builder = App.builder("im");
            builder.server(new FakeServer("business", events));
            App app = builder.build();
            app.start();
            apps.add(app);
        }
        apps.forEach(app -> app.requestShutdown("test"));
        for (App app : apps) {
            assertThat(app.shutdown("again").isClean()).isTrue();
        }
        assertThat(events).filteredOn("stop business"::equals).hasSize(10);
    }

    @Test
    void callbacksRunConcurrentlyAndNoneHarmsAnother() throws Exception {
        CountDownLatch all = new CountDownLatch(3);
        AppBuilder builder = App.builder("im");
        for (String name : List.of("one", "two", "three")) {
            builder.onShutdown(name, context -> {
                all.countDown();
                all.await(); // passes only if they run side by side
                events.add(name);
            });
        }
        builder.onShutdown("throws", context -> {
            throw new StackOverflowError();
        });
        App app = builder.build();
        app.start();
        ShutdownReport report = app.shutdown("test");
        assertThat(events).containsExactlyInAnyOrder("one", "two", "three");
        assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
    }

    @Test
    void theDrainEndsWhenTheLastRequestDoesAndNotAtItsLimit() throws Exception {
        AppBuilder builder =
                App.builder("im").drainTimeout(Duration.ofSeconds(20)).shutdownTimeout(Duration.ofMinutes(1));
        RequestGate gate = builder.gate("queue");
        App app = builder.build();
        app.start();
        assertThat(gate.tryEnter()).isTrue();
        app.requestShutdown("test");
        Awaitility.await().until(() -> app.phase() == Phase.DRAIN);
        gate.leave();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.duration()).isLessThan(Duration.ofSeconds(10));
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("queue", 1, 1, 0, 0));
    }

    @Test
    void closingFromWithinACallbackOnlyAsksAndWaitingThereIsRefused() throws Exception {
        AtomicReference<App> self = new AtomicReference<>();
        AppBuilder builder = App.builder("im");
        builder.onShutdown(
                "close", context -> Objects.requireNonNull(self.get()).close());
        builder.onShutdown("wait", context -> Objects.requireNonNull(self.get()).shutdown("again"));
        App app = builder.build();
        self.set(app);
        app.start();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.steps())
                .extracting(ShutdownReport.Step::outcome)
                .containsExactly(Outcome.CLEAN, Outcome.FAILED);
        assertThat(report.steps().get(1).failure())
                .hasMessage("App 'im' is STOPPING; a step of its shutdown cannot wait for the end"
                        + " (call requestShutdown instead)");
    }

    @Test
    void manyWhoAskAtOnceSeeOneSequenceAndOneReport() throws Exception {
        App app = App.builder("im").build();
        app.start();
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Future<ShutdownReport>> reports = IntStream.range(0, 8)
                    .mapToObj(i -> pool.submit(() -> app.shutdown("caller " + i)))
                    .toList();
            for (Future<ShutdownReport> report : reports) {
                assertThat(report.get(10, TimeUnit.SECONDS)).isSameAs(app.shutdown("late"));
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void manyStagesDoNotHoldUpTheShutdown() throws Exception {
        App app = App.builder("im").build();
        AtomicInteger told = new AtomicInteger();
        for (int i = 0; i < 5_000; i++) {
            app.whenShuttingDown().thenRun(told::incrementAndGet);
        }
        app.start();
        long begin = System.nanoTime();
        ShutdownReport report = app.shutdown("test");
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> told.get() == 5_000);
        Duration telling = Duration.ofNanos(System.nanoTime() - begin);
        Duration phases = report.phases().values().stream().reduce(Duration.ZERO, Duration::plus);
        assertThat(report.duration().minus(phases)).isLessThan(telling.dividedBy(2));
    }

    @Test
    void whatHangsOnTheStagesHarmsNothing() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        App app = App.builder("im").build();
        app.whenShuttingDown().thenRun(() -> awaitQuietly(never));
        app.whenStopped().thenRun(() -> {
            throw new IllegalStateException("harmless");
        });
        assertThat(app.whenStopped().toCompletableFuture().cancel(true)).isTrue(); // cancels a copy
        app.start();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.isClean()).isTrue();
        assertThat(app.whenStopped().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isSameAs(report);
        never.countDown();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void readinessNeedsEveryCondition() throws Exception {
        AtomicReference<Boolean> healthy = new AtomicReference<>(true);
        AppBuilder builder = App.builder("im");
        builder.readiness("database", healthy::get);
        try (App app = builder.build()) {
            assertThat(app.isReady()).isFalse();
            app.start();
            assertThat(app.isReady()).isTrue();
            healthy.set(false);
            assertThat(app.isReady()).isFalse();
            healthy.set(null); // unboxing throws
            assertThat(app.isReady()).isFalse();
        }
    }

    @Test
    void theConditionsThatDoNotHoldAreNamed() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AppBuilder builder = App.builder("im");
        builder.readiness("holds", () -> true);
        builder.readiness("false", () -> false);
        builder.readiness("throws", () -> {
            throw new StackOverflowError("on purpose");
        });
        builder.readiness("hangs", () -> {
            awaitQuietly(never);
            return true;
        });
        try (App app = builder.build()) {
            app.start();
            assertThat(app.redConditions()).containsExactly("false", "throws", "hangs");
        }
        never.countDown();
    }

    @Test
    void whatAReadinessConditionThrowsReachesNoUncaughtExceptionHandlerAndTheNextConditionIsAsked() throws Exception {
        AtomicBoolean asked = new AtomicBoolean();
        AtomicReference<Thread> asking = new AtomicReference<>();
        List<Throwable> uncaught = new CopyOnWriteArrayList<>();
        AppBuilder builder = App.builder("im");
        builder.readiness("throws", () -> {
            Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> uncaught.add(failure));
            asking.set(Thread.currentThread());
            throw new IllegalStateException("on purpose");
        });
        builder.readiness("holds", () -> {
            asked.set(true);
            return true;
        });
        try (App app = builder.build()) {
            app.start();
            assertThat(app.redConditions()).containsExactly("throws");
        }
        Objects.requireNonNull(asking.get()).join(); // its handler, if called, has run by then
        assertThat(asked).isTrue();
        assertThat(uncaught).isEmpty();
    }

    @Test
    void twoGatesOfOneNameAreRefusedInOneServerToo() {
        AppBuilder builder = App.builder("im");
        assertThatThrownBy(() -> builder.server(new FakeServer("business", events) {
                    @Override
                    public List<RequestGate> gates() {
                        return List.of(new RequestGate("a"), new RequestGate("a"));
                    }
                }))
                .hasMessage("gate 'a' is registered already (expected: a name that is used once)");
        RequestGate shared = new RequestGate("shared");
        for (String name : List.of("one", "two")) {
            builder.server(new FakeServer(name, events) {
                @Override
                public List<RequestGate> gates() {
                    return List.of(shared);
                }
            });
        }
        assertThat(builder.view().inFlightByGate()).containsOnlyKeys("shared");
    }

    @Test
    void aGateWithoutAServerIsCountedByItsNameAndIsNoRequest() {
        AppBuilder builder = App.builder("im");
        FakeServer business = builder.server(new FakeServer("business", events));
        RequestGate sends = builder.gate("sends");
        try (App app = builder.build()) {
            assertThat(sends.tryEnter()).isTrue();
            assertThat(sends.tryEnter()).isTrue();
            assertThat(business.gate().tryEnter()).isTrue();
            assertThat(app.inFlight()).isEqualTo(1);
            assertThat(app.inFlightByGate()).containsExactly(entry("business", 1L), entry("sends", 2L));
            sends.leave();
            sends.leave();
            business.gate().leave();
        }
        AppBuilder other = App.builder("im");
        other.gate("business");
        assertThatThrownBy(() -> other.server(new FakeServer("business", events)))
                .hasMessage("gate 'business' is registered already (expected: a name that is used once)");
    }

    @Test
    void theTimeSinceTheShutdownBeganIsTold() {
        App app = App.builder("im").build();
        assertThat(app.timeSinceShutdownBegan()).isNull();
        Duration duration = app.shutdown("test").duration();
        assertThat(app.timeSinceShutdownBegan()).isBetween(duration, Duration.ofMinutes(5));
    }

    @Test
    void aStepThatCutsAPeerAndThenFailsHasFailedAndTheShutdownIsTimedOut() {
        AppBuilder builder = App.builder("im");
        builder.onDrain("sockets", context -> {
            context.cut(List.of("socket 1"));
            throw new IllegalStateException("broken");
        });
        ShutdownReport report = builder.build().shutdown("test");
        assertThat(report.steps().get(0).outcome()).isEqualTo(Outcome.FAILED);
        assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
    }

    @Test
    void aStepThatHasCutPeersIsTimedOutAndTheReportNamesThem() {
        AppBuilder builder = App.builder("im");
        builder.onDrain("sockets", context -> {
            context.cut(List.of());
            context.cut(
                    IntStream.rangeClosed(1, 22).mapToObj(i -> "socket " + i).toList());
        });
        builder.onDrain("nobody", context -> context.cut(List.of()));
        ShutdownReport report = builder.build().shutdown("test");
        assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(report.steps())
                .extracting(ShutdownReport.Step::outcome)
                .containsExactly(Outcome.TIMED_OUT, Outcome.CLEAN);
        assertThat(report.steps().get(0).cut()).hasSize(22).startsWith("socket 1");
        assertThat(report.toString())
                .contains("cut: socket 1\n", "cut: socket 20\n            cut: 2 more")
                .doesNotContain("socket 21");
    }

    @Test
    void aReadinessConditionThatHangsTurnsReadinessRedAndHarmsNothingElse() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AppBuilder builder = App.builder("im");
        builder.readiness("hangs", () -> {
            awaitQuietly(never);
            return true;
        });
        try (App app = builder.build()) {
            app.start();
            for (int i = 0; i < 100; i++) { // 50 s, beyond this test's limit, if each of them waited for it
                assertThat(app.isReady()).isFalse();
            }
            assertThat(app.shutdown("test").isClean()).isTrue();
        }
        never.countDown();
    }

    @Test
    void anExecutorFinishesWhatItHasAndIsInterruptedNearItsLimit() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        AppBuilder builder = App.builder("im").releaseTimeout(Duration.ofSeconds(1));
        ExecutorService busy = builder.executor("busy", Executors.newSingleThreadExecutor());
        ExecutorService stuck = builder.resource("stuck", new AutoCloseableExecutor());
        App app = builder.build();
        app.start();
        busy.execute(() -> {
            begun.countDown();
            events.add("finished");
        });
        stuck.execute(() -> awaitQuietly(never));
        stuck.execute(() -> events.add("never"));
        begun.await();
        ShutdownReport report = app.shutdown("test");
        assertThat(events).containsExactly("finished");
        assertThat(report.steps()).extracting(ShutdownReport.Step::name).containsExactly("stuck", "busy");
        assertThat(report.steps().get(0).failure())
                .hasMessage("executor 'stuck' was not done in time, and was interrupted; 1 tasks never began");
        assertThat(report.steps().get(1).outcome()).isEqualTo(Outcome.CLEAN);
        assertThat(stuck.isTerminated()).isTrue();
    }

    @Test
    void anExecutorWhoseTaskIgnoresTheInterruptIsAbandonedAndNamed() throws Exception {
        Semaphore end = new Semaphore(0);
        AppBuilder builder = App.builder("im").releaseTimeout(Duration.ofMillis(200));
        ExecutorService deaf = builder.executor("deaf", Executors.newSingleThreadExecutor());
        App app = builder.build();
        app.start();
        deaf.execute(end::acquireUninterruptibly);
        deaf.execute(() -> events.add("never"));
        ShutdownReport report = app.shutdown("test");
        assertThat(report.steps())
                .extracting(ShutdownReport.Step::name, ShutdownReport.Step::outcome)
                .containsExactly(tuple("deaf", Outcome.TIMED_OUT));
        end.release();
        assertThat(deaf.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(events).isEmpty();
    }

    @Test
    void aResourceThatIsRefusedIsClosedWhateverTheReason() throws Exception {
        AppBuilder builder = App.builder("im");
        builder.resource("database", () -> events.add("close first"));
        assertThatThrownBy(() -> builder.resource("database", () -> events.add("close second")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.resource(" ", () -> events.add("close nameless")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.resource("c", Duration.ZERO, () -> events.add("close unlimited")))
                .isInstanceOf(IllegalArgumentException.class);
        try (App app = builder.build()) {
            app.start();
            ExecutorService pool = Executors.newSingleThreadExecutor();
            assertThatThrownBy(() -> builder.executor("pool", pool)).isInstanceOf(IllegalStateException.class);
            assertThat(pool.isTerminated()).isTrue();
            ScheduledExecutorService timers = Executors.newScheduledThreadPool(1);
            assertThatThrownBy(() -> builder.scheduler("timers", timers)).isInstanceOf(IllegalStateException.class);
            assertThat(timers.isShutdown()).isTrue();
            assertThatThrownBy(() -> builder.resource("late", () -> {
                        throw new IllegalArgumentException("cannot close");
                    }))
                    .hasMessage("App 'im' is RUNNING; resources can be added only before start")
                    .satisfies(refusal -> assertThat(refusal.getSuppressed())
                            .singleElement()
                            .hasToString("java.lang.IllegalArgumentException: cannot close"));
            assertThat(events).containsExactly("close second", "close nameless", "close unlimited");
        }
    }

    /** Its words do not come while the test runs. */
    private static final class Endless extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient CountDownLatch end;

        Endless(CountDownLatch end) {
            this.end = end;
        }

        @Override
        public String getMessage() {
            awaitQuietly(end);
            return "";
        }
    }

    @Test
    void aFailureWhoseWordsNeverComeHoldsUpNothingWhileAFlightRecorderRecords() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        AppBuilder builder = App.builder("im");
        builder.resource("database", () -> events.add("closed"));
        FakeServer server = builder.server(new FakeServer("business", events));
        builder.onShutdown("flush", context -> {
            throw new Endless(end);
        });
        App app = builder.build();
        try (Recording recording = new Recording()) {
            recording.start();
            app.start();
            CompletableFuture<Void> failing = CompletableFuture.runAsync(() -> server.fail(new Endless(end)));
            ShutdownReport report = app.whenStopped().toCompletableFuture().get(10, TimeUnit.SECONDS);
            failing.get(10, TimeUnit.SECONDS);
            assertThat(report.reason().description()).isEqualTo("server 'business' failed");
            assertThat(report.duration()).isLessThan(Duration.ofSeconds(3));
            assertThat(events).contains("closed");
        } finally {
            end.countDown();
        }
    }

    /** What every executor is from 19 on. */
    private static final class AutoCloseableExecutor extends ThreadPoolExecutor implements AutoCloseable {
        AutoCloseableExecutor() {
            super(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        }

        @Override
        public void close() {
            throw new AssertionError("waits a day");
        }
    }

    @Test
    void aFailureWhoseOwnWordsFailIsReportedLikeAnyOther() throws Exception {
        AppBuilder builder = App.builder("im");
        builder.onShutdown("flush", context -> {
            throw new Speechless();
        });
        App app = builder.build();
        app.start();
        ShutdownReport report = app.shutdown("test");
        assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(report.toString()).contains(Speechless.class.getName());
    }

    @Test
    void aFailedStartWhoseOwnWordsFailStopsWhatHadStarted() {
        AppBuilder builder = App.builder("im");
        builder.server(new FakeServer("admin", events));
        builder.server(new FakeServer("business", events) {
            @Override
            public void start(ServerContext context) {
                throw new Speechless();
            }
        });
        assertThatThrownBy(builder.build()::start).isInstanceOf(AppStartException.class);
        assertThat(events).contains("stop admin");
    }

    private static final class Speechless extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no words");
        }
    }

    @Test
    void aServerThatIsNoLongerEqualToItselfIsStopped() throws Exception {
        AppBuilder builder = App.builder("im");
        builder.server(new FakeServer("business", events) {
            @Override
            public int hashCode() {
                return events.size();
            }

            @Override
            public boolean equals(Object other) {
                return false;
            }
        });
        App app = builder.build();
        app.start();
        app.shutdown("test");
        assertThat(events).containsExactly("start business", "drain business", "stop business");
    }

    @Test
    void whatBlocksOnOneStageHoldsUpNoOther() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(2);
        App app = App.builder("im").build();
        app.whenShuttingDown().thenRun(told::countDown);
        app.whenShuttingDown().thenRun(() -> awaitQuietly(never));
        app.whenShuttingDown().thenRun(told::countDown);
        app.start();
        assertThat(app.shutdown("test").isClean()).isTrue();
        assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
        never.countDown();
    }

    @Test
    void aThousandStartsAndStopsLeaveNoThreadBehind() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            AppBuilder builder = App.builder("leak");
            builder.server(new FakeServer("business", events));
            App app = builder.build();
            app.start();
            assertThat(app.shutdown("test").isClean()).isTrue();
        }
        Awaitility.await().untilAsserted(() -> assertThat(threadsOf("leak")).isEmpty());
    }

    private static Set<String> threadsOf(String app) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith(app + "-"))
                .collect(Collectors.toSet());
    }
}
