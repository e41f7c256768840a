package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.testing.FakeProcess;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Schedulers, tasks and executors: what brings work stops first, and what is in hand is finished. */
@Timeout(30)
class SourcesOfWorkTest {
    private final FakeProcess process = new FakeProcess();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final AtomicReference<ScheduledExecutorService> scheduler = new AtomicReference<>();

    @Test
    void aSchedulerBeginsNothingFromTheDrainOnAndItsJobIsWaitedForBeforeServersStop() throws Exception {
        ScheduledThreadPoolExecutor given = new ScheduledThreadPoolExecutor(2);
        process.run("im", app -> {
            app.resource("database", () -> events.add("database closed"));
            app.server(new FakeServer("business", events));
            scheduler.set(app.scheduler("timers", given));
        });
        // Its second turn would come at once.
        Future<?> repeated = scheduler().scheduleWithFixedDelay(this::job, 0, 1, TimeUnit.NANOSECONDS);
        Future<?> waiting = scheduler().schedule(() -> events.add("too late"), 1, TimeUnit.HOURS);
        begun.await();
        process.signal("TERM");
        process.awaitPhase(Phase.DRAIN);
        assertThatThrownBy(() -> scheduler().execute(() -> events.add("refused")))
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessage("scheduler 'timers' begins no job in a shutdown");
        assertThatThrownBy(() -> scheduler().schedule(() -> "refused", 1, TimeUnit.DAYS))
                .isInstanceOf(RejectedExecutionException.class);
        release.countDown();

        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events)
                .containsSubsequence("job", "stop business", "database closed")
                .doesNotContain("too late", "refused");
        assertThat(events).filteredOn("job"::equals).hasSize(1);
        assertThat(process.awaitReport().gates())
                .anySatisfy(gate -> assertThat(gate)
                        .extracting(
                                ShutdownReport.Gate::name,
                                ShutdownReport.Gate::inFlight,
                                ShutdownReport.Gate::drained,
                                ShutdownReport.Gate::abandoned)
                        .containsExactly("timers", 1L, 1L, 0L));
        assertThat(given.isTerminated()).isTrue();
        assertThat(repeated.isDone()).isTrue();
        assertThat(waiting.isCancelled()).isTrue(); // nobody waits for it in vain
    }

    @Test
    void aJobThatOutlivesTheDrainIsCountedNamedAndInterrupted() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        AppView app = process.run("im", builder -> {
            scheduler.set(builder.scheduler("timers", new ScheduledThreadPoolExecutor(1)));
        });
        Future<String> stuck = scheduler().submit(() -> {
            begun.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return "";
        });
        begun.await();
        assertThat(app.inFlight()).isZero(); // no request
        assertThat(app.inFlightByGate()).containsEntry("timers", 1L);
        process.signal("TERM");
        process.awaitPhase(Phase.DRAIN);
        process.advance(Duration.ofSeconds(10));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        interrupted.await();
        ShutdownReport report = process.awaitReport();
        assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(report.gates())
                .singleElement()
                .extracting(ShutdownReport.Gate::abandoned)
                .isEqualTo(1L);
        assertThat(stuck.get()).isEmpty();
    }

    @Test
    void aJobIsNamedByItsClassAndAge() throws Exception {
        GatedScheduler timers = new GatedScheduler("timers", Executors.newScheduledThreadPool(1), Clock.SYSTEM);
        Future<?> job = timers.submit(this::job);
        begun.await();
        assertThat(timers.inFlight())
                .singleElement()
                .asString()
                .matches("job of io\\.lifecycle4j\\.SourcesOfWorkTest, \\d+ ms");
        release.countDown();
        job.get();
        // A job's future completes before the job leaves the gate, so that a drain waits rather too long than too
        // short.
        await().until(() -> timers.inFlight().isEmpty());
        timers.shutdownNow();
    }

    @Test
    void aJobThatThrowsLeavesTheGateAndFailsItsFuture() throws Exception {
        GatedScheduler timers = new GatedScheduler("timers", Executors.newScheduledThreadPool(1), Clock.SYSTEM);
        Future<?> job = timers.schedule(
                (Runnable) () -> {
                    throw new IllegalStateException("no disk");
                },
                0,
                TimeUnit.NANOSECONDS);
        assertThatThrownBy(job::get).isInstanceOf(ExecutionException.class).hasRootCauseMessage("no disk");
        assertThat(timers.gates().get(0).inFlight()).isZero();
        timers.shutdownNow();
    }

    @Test
    void aTaskThatIsAskedToEndCommitsWhatItHasInHandBeforeServersAndDatabasesGo() {
        Semaphore wakeups = new Semaphore(0);
        process.run("im", app -> {
            app.resource("database", () -> events.add("database closed"));
            app.server(new FakeServer("business", events));
            app.task("orders", Task.stoppedBy(wakeups::release, view -> {
                wakeups.acquire();
                release.await();
                events.add("committed in " + view.phase());
            }));
        });
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN, "orders");
        release.countDown();
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).containsSubsequence("committed in DRAIN", "stop business", "database closed");
        assertThat(process.awaitReport().steps())
                .extracting(ShutdownReport.Step::phase, ShutdownReport.Step::name, ShutdownReport.Step::outcome)
                .contains(tuple(Phase.DRAIN, "orders", Outcome.CLEAN), tuple(Phase.STOP, "orders", Outcome.CLEAN));
    }

    @Test
    void aTaskThatDoesNotEndWhenAskedIsTimedOutInTheDrainAndInterruptedInStop() throws Exception {
        process.run(
                "im",
                app -> app.task("orders", Task.stoppedBy(() -> events.add("asked"), view -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        events.add("interrupted in " + view.phase());
                    }
                })));
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN, "orders");
        process.advance(Duration.ofSeconds(10));
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsExactly("asked", "interrupted in STOP");
        assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.TIMED_OUT);
    }

    @Test
    void aCommitThatFailsInTheDrainIsAFailedStepAndReportedOnce() {
        Semaphore wakeups = new Semaphore(0);
        process.run(
                "im",
                app -> app.task("orders", Task.stoppedBy(wakeups::release, view -> {
                    wakeups.acquire();
                    throw new IllegalStateException("no broker");
                })));
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(process.awaitReport().steps())
                .filteredOn(step -> step.failure() != null)
                .singleElement()
                .satisfies(step -> {
                    assertThat(step.phase()).isEqualTo(Phase.DRAIN);
                    assertThat(Objects.requireNonNull(step.failure())).hasRootCauseMessage("no broker");
                });
    }

    @Test
    void aTaskThatHasReturnedIsNotAskedToEnd() throws Exception {
        process.run(
                "im", app -> app.task("once", Task.stoppedBy(() -> events.add("asked"), view -> begun.countDown())));
        begun.await();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("im-once")) {
                thread.join();
            }
        }
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).isEmpty();
    }

    @Test
    void anExecutorWithDelayedWorkDoesNotCostItsWholeLimitAndSaysWhichPolicyWould() throws Exception {
        ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(1);
        process.run("im", app -> app.executor("reminders", pool));
        Future<?> inAnHour = pool.schedule(() -> events.add("in an hour"), 1, TimeUnit.HOURS);
        Future<?> soon = pool.schedule(() -> events.add("soon"), 1, TimeUnit.NANOSECONDS);
        process.signal("TERM");
        // The fake clock stands still: a wait for the hour would never end.
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        assertThat(events).containsExactly("soon");
        assertThat(soon.isDone()).isTrue();
        assertThat(inAnHour.isCancelled()).isTrue();
        assertThat(process.awaitReport().steps())
                .singleElement()
                .extracting(ShutdownReport.Step::note)
                .isEqualTo("delayed tasks dropped, since they are due after the limit: 1"
                        + " (kept by the executor's executeExistingDelayedTasksAfterShutdownPolicy)");
    }

    @Test
    void eachServerTaskAndResourceCanHaveALimitOfItsOwn() {
        Duration second = Duration.ofSeconds(1);
        process.run("im", app -> {
            app.resource("database", second, this::hang);
            app.server(second, new FakeServer("business", events) {
                @Override
                public void stop(ShutdownContext context) throws InterruptedException {
                    hang();
                }
            });
            app.task("worker", second, view -> hangDespiteInterrupts());
        });
        process.signal("TERM");
        process.awaitStuck(Phase.STOP, "business", "worker");
        process.advance(second);
        process.awaitStuck(Phase.RELEASE, "database");
        process.advance(second);
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        release.countDown();
        assertThat(process.awaitReport().duration()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void anExecutorCanHaveALimitOfItsOwn() throws Exception {
        AppBuilder builder = App.builder("im");
        builder.executor("pool", Duration.ofMillis(100), Executors.newSingleThreadExecutor())
                .execute(this::hangDespiteInterrupts);
        App app = builder.build();
        app.start();
        assertThat(app.shutdown("test").steps())
                .singleElement()
                .satisfies(step -> assertThat(step.duration()).isBetween(Duration.ofMillis(90), Duration.ofSeconds(4)));
        release.countDown();
    }

    @Test
    void anExecutorWhoseWorkHadToBeInterruptedIsNotClean() throws Exception {
        AppBuilder builder = App.builder("im").releaseTimeout(Duration.ofMillis(200));
        builder.executor("pool", Executors.newSingleThreadExecutor()).execute(this::job);
        App app = builder.build();
        app.start();
        begun.await();
        ShutdownReport report = app.shutdown("test");
        assertThat(events).containsExactly("interrupted");
        assertThat(report.steps().get(0).failure())
                .hasMessage("executor 'pool' was not done in time, and was interrupted; 0 tasks never began");
    }

    @Test
    void aSchedulerIsStoppedThoughTheAppHasNotStarted() {
        ScheduledThreadPoolExecutor given = new ScheduledThreadPoolExecutor(1);
        AppBuilder builder = App.builder("im");
        builder.server(new FakeServer("business", events) {
            @Override
            public void start(ServerContext context) {
                throw new IllegalStateException("no port");
            }
        });
        builder.scheduler("timers", given);
        assertThatThrownBy(builder.build()::start).isInstanceOf(AppStartException.class);
        assertThat(given.isTerminated()).isTrue();
    }

    @Test
    void aRepeatedJobThatThrowsIsLoggedAndJobsThatAreDroppedAreNoted() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.list = new CopyOnWriteArrayList<>();
        log.start();
        logger.addAppender(log);
        try {
            process.run("im", app -> scheduler.set(app.scheduler("timers", new ScheduledThreadPoolExecutor(1))));
            Future<?> repeated = scheduler()
                    .scheduleAtFixedRate(
                            () -> {
                                throw new IllegalStateException("no disk");
                            },
                            0,
                            1,
                            TimeUnit.DAYS);
            assertThatThrownBy(repeated::get).hasRootCauseMessage("no disk");
            var unused = scheduler().schedule(() -> "", 1, TimeUnit.DAYS);
            var unusedToo = scheduler().scheduleAtFixedRate(() -> {}, 1, 1, TimeUnit.DAYS);
            process.signal("TERM");
            assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .contains("Scheduler 'timers': a repeated job failed, and is not repeated any more");
        assertThat(process.awaitReport().steps())
                .extracting(ShutdownReport.Step::phase, ShutdownReport.Step::note)
                .containsExactly(tuple(Phase.STOP, "jobs dropped that had not begun: 1"));
        assertThat(process.awaitReport().gates())
                .singleElement()
                .extracting(ShutdownReport.Gate::rejected)
                .isEqualTo(0L);
    }

    @Test
    void jobsThatAreWaitedForTogetherAreRejectedTogetherAndNobodyWaitsForEver() throws Exception {
        ScheduledThreadPoolExecutor given = new ScheduledThreadPoolExecutor(1);
        process.run("im", app -> scheduler.set(app.scheduler("timers", given)));
        Future<?> running = scheduler().submit(this::job);
        begun.await();
        // They wait behind the one that runs, and meet the closed gate.
        CompletableFuture<List<Future<String>>> together = CompletableFuture.supplyAsync(() -> {
            try {
                return scheduler().invokeAll(List.of(() -> "a", () -> "b"));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        Awaitility.await().until(() -> given.getQueue().size() == 2);
        process.signal("TERM");
        process.awaitPhase(Phase.DRAIN);
        release.countDown();
        running.get();
        assertThat(together.get(10, TimeUnit.SECONDS))
                .allSatisfy(future -> assertThatThrownBy(future::get)
                        .isInstanceOfAny(ExecutionException.class, CancellationException.class));
        assertThatThrownBy(() -> scheduler().invokeAny(List.of(() -> "c")))
                .isInstanceOf(RejectedExecutionException.class);
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
    }

    /** The only thread is taken by a job that the drain does not wait for, so what waits behind it is dropped in STOP. */
    @Test
    void jobsThatAreDroppedBeforeTheyBeginEndForWhoeverWaitsForThem() throws Exception {
        ScheduledThreadPoolExecutor given = new ScheduledThreadPoolExecutor(1);
        given.execute(this::job);
        begun.await();
        process.run("im", app -> scheduler.set(app.scheduler("timers", given)));
        Future<String> alone = scheduler().submit(() -> "alone");
        CompletableFuture<List<Future<String>>> together = CompletableFuture.supplyAsync(() -> {
            try {
                return scheduler().invokeAll(List.of(() -> "a", () -> "b"));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        Awaitility.await().until(() -> given.getQueue().size() == 3);
        process.signal("TERM");
        assertThat(together.get(10, TimeUnit.SECONDS))
                .allSatisfy(future -> assertThat(future.isCancelled()).isTrue());
        assertThat(alone.isCancelled()).isTrue();
        release.countDown();
        process.awaitExit();
        assertThat(process.awaitReport().steps())
                .extracting(ShutdownReport.Step::note)
                .contains("jobs dropped that had not begun: 3");
    }

    @Test
    void aTaskWhoseStopActionThrowsIsWaitedForAllTheSameAndTheStepHasFailed() {
        process.run(
                "im",
                app -> app.task(
                        "orders",
                        Task.stoppedBy(
                                () -> {
                                    throw new IllegalStateException("not connected");
                                },
                                view -> {
                                    release.await();
                                    events.add("committed in " + view.phase());
                                })));
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN, "orders");
        release.countDown();
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsExactly("committed in DRAIN");
        assertThat(process.awaitReport().steps().get(0).failure()).hasRootCauseMessage("not connected");
    }

    @Test
    void aTasksOwnLimitBoundsItsDrainToo() throws Exception {
        Duration second = Duration.ofSeconds(1);
        process.run(
                "im",
                app -> app.task("orders", second, Task.stoppedBy(() -> {}, view -> new CountDownLatch(1).await())));
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN, "orders");
        process.advance(second);
        process.awaitExit();
        assertThat(process.awaitReport().steps())
                .extracting(ShutdownReport.Step::phase, ShutdownReport.Step::duration)
                .startsWith(tuple(Phase.DRAIN, second));
    }

    @Test
    void withADrainOfNoTimeAnAppThatIsIdleIsStillClean() throws Exception {
        for (int round = 0; round < 20; round++) {
            AppBuilder builder = App.builder("im").drainTimeout(Duration.ZERO);
            builder.server(new FakeServer("business", events));
            Semaphore wakeups = new Semaphore(0);
            builder.task("orders", Task.stoppedBy(wakeups::release, view -> wakeups.acquire()));
            App app = builder.build();
            app.start();
            assertThat(app.shutdown("test").outcome()).isEqualTo(Outcome.CLEAN);
        }
    }

    private ScheduledExecutorService scheduler() {
        return Objects.requireNonNull(scheduler.get());
    }

    private void job() {
        begun.countDown();
        try {
            release.await();
            events.add("job");
        } catch (InterruptedException e) {
            events.add("interrupted");
        }
    }

    private void hang() throws InterruptedException {
        new CountDownLatch(1).await();
    }

    private void hangDespiteInterrupts() {
        while (release.getCount() > 0) {
            try {
                release.await();
            } catch (InterruptedException e) {
                // as stubborn work does
            }
        }
    }
}
