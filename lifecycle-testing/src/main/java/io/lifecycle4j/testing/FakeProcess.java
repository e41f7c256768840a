package io.lifecycle4j.testing;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.AppState;
import io.lifecycle4j.AppView;
import io.lifecycle4j.HostProcess;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReason;
import io.lifecycle4j.ShutdownReport;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A process for tests: an app runs in it as {@link io.lifecycle4j.App#run} would run it, while the test raises signals, lets
 * the clock run and reads the exit status. Nothing really exits, and time stands still unless {@link #advance} moves it.
 *
 * <pre>{@code
 * try (FakeProcess process = new FakeProcess()) {
 *     process.run("im", app -> app.onShutdown("flush", context -> cache.flush()));
 *     process.signal("TERM");
 *     assertEquals(0, process.awaitExit().status());
 * }
 * }</pre>
 *
 * <p>What a real process leaves to the system when it ends, {@link #close} cleans up: use it in a {@code try} block, or call it when
 * the test is over.
 *
 * <p>Methods named <em>await</em> wait in real time, 10 s at most, then throw {@link AssertionError}; at once, if what they wait for
 * cannot come any more. Thread-safe. One app a process.
 *
 * @since 0.1
 */
public final class FakeProcess extends HostProcess implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long PATIENCE_WITH_BUSY_STEPS_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long PATIENCE_WITH_THREADS_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");
    private static final int APP_THREADS = 2; // the shutdown's and the watchdog's

    /**
     * How the process ended.
     *
     * @param status the exit status
     * @param forced whether it was halted
     */
    public record Exit(int status, boolean forced) {}

    // Each thread that an app makes inherits it, and so do those that they make.
    private final ThreadGroup group = new ThreadGroup("fake-process");
    private final Map<Thread, Long> parked = new HashMap<>(); // and until when
    private final CompletableFuture<ShutdownReason> reason = new CompletableFuture<>();
    private final CompletableFuture<ShutdownReport> report = new CompletableFuture<>();
    private long now;
    private @Nullable String owner;
    private volatile @Nullable AppBuilder builder;
    private @Nullable Consumer<String> onSignal;
    private @Nullable Runnable onExit;
    private @Nullable Exit exit;
    private volatile @Nullable Integer statusElsewhere;
    private volatile @Nullable Boolean started;
    private boolean signalsRestored;

    /** Creates a process in which nothing runs, with a clock at zero. */
    public FakeProcess() {}

    /**
     * Runs an app and returns when it is RUNNING.
     *
     * @throws AssertionError if it did not become RUNNING: the message has the reason, and what was thrown is the cause. A test of that
     *     uses {@link #launch}
     */
    public AppView run(String name, AppSetup setup) {
        AppView app = launch(name, setup);
        await("the start of '" + name + "'", () -> started != null || isOver());
        // A process that has ended says no more if its setup hangs, and else in a moment: it may have run before it
        // ended.
        boolean unused = await(() -> started != null, () -> false, System.nanoTime() + PATIENCE_WITH_BUSY_STEPS_NANOS);
        if (!Boolean.TRUE.equals(started)) {
            throw didNotStart(app);
        }
        return app;
    }

    private AssertionError didNotStart(AppView app) {
        String message = "App '" + app.name() + "' did not start: ";
        if (!app.isShuttingDown()) {
            return new AssertionError(message + "a signal came before its handlers");
        }
        await("the reason why '" + app.name() + "' did not start", reason::isDone);
        ShutdownReason why = reason.join();
        return new AssertionError(message + why.description(), why.failure());
    }

    /**
     * Begins to run an app and returns when its setup has begun, for tests of what happens while it starts, and of starts that fail or
     * hang. Before you {@link #advance} to its limit, wait in the test until the start is where it hangs.
     */
    public AppView launch(String name, AppSetup setup) {
        CompletableFuture<AppView> configured = new CompletableFuture<>();
        Thread main = new Thread(group, () -> runMain(name, setup, configured), name + "-main");
        main.setDaemon(true);
        main.start();
        try {
            return configured.orTimeout(PATIENCE_NANOS, TimeUnit.NANOSECONDS).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private void runMain(String name, AppSetup setup, CompletableFuture<AppView> configured) {
        try {
            runApp(name, app -> configure(setup, app, configured));
        } catch (RuntimeException e) {
            configured.completeExceptionally(e);
        }
    }

    private void configure(AppSetup setup, AppBuilder app, CompletableFuture<AppView> configured) throws Exception {
        AppView view = app.view();
        view.whenShuttingDown().whenComplete((why, failure) -> reason.complete(why));
        view.whenStopped().whenComplete((done, failure) -> report.complete(done));
        builder = app;
        configured.complete(view);
        setup.configure(app);
    }

    /** Raises INT, TERM or HUP; returns when the handler has. */
    public void signal(String name) {
        if (!SIGNALS.contains(name)) {
            throw new IllegalArgumentException("signal: " + name + " (expected: INT, TERM or HUP)");
        }
        Consumer<String> handler;
        boolean kill;
        synchronized (this) {
            handler = onSignal;
            kill = handler == null || (signalsRestored && !name.equals("HUP"));
        }
        if (kill || handler == null) {
            int number = name.equals("HUP") ? 1 : name.equals("INT") ? 2 : 15;
            end(new Exit(128 + number, true));
        } else {
            handler.accept(name);
        }
    }

    /** Plays {@code System.exit} called by somebody else: runs the hook and returns when it has; the status stands. */
    public void exitElsewhere(int status) {
        Runnable hook;
        synchronized (this) {
            hook = onExit;
        }
        if (hook != null) {
            statusElsewhere = status;
            hook.run();
        }
        end(new Exit(status, false));
    }

    /**
     * Lets time pass at one leap, and wakes the threads that wait for a time up to then. Only the limits of the app run on this clock: timers
     * and sleeps of your own code run in real time. A leap to a step's limit leaves it no time between its interrupt and being abandoned; to
     * test a step that heeds its interrupt, advance to shortly before the limit first (100 ms, or a tenth of it).
     */
    public void advance(Duration time) {
        Set<Thread> wake;
        synchronized (this) {
            now += time.toNanos();
            wake = Set.copyOf(parked.keySet());
            parked.clear(); // not parked any more, even if not awake yet: awaitPhase waits until they are again
        }
        wake.forEach(LockSupport::unpark);
    }

    /**
     * Waits until the shutdown is in the phase and has nothing to do but wait, for a step or for time to pass. Limits of
     * the phase count from a time before the return. Steps that want no more than a moment may still be at it; {@link #awaitStuck}
     * waits for those.
     */
    public void awaitPhase(Phase phase) {
        awaitBeforeExit("phase " + phase, () -> isWaitingIn(phase));
    }

    /**
     * Waits like {@link #awaitPhase}, and until just the named steps of the phase are left and each of them really waits: from then on,
     * {@link #advance} cuts no step that only wanted a moment more of the processor.
     *
     * <p>A step waits if several looks at its thread, 5 ms apart, find it WAITING, TIMED_WAITING, BLOCKED or in native code (where
     * I/O is), always at the same place and without having used the processor in between. A task's own thread, and one that is still starting a
     * server, must wait as well. A step that computes never counts as stuck, one that waits for another thread's work does.
     *
     * @param steps the names of servers, callbacks or resources that are to be stuck; none if only requests in flight are
     */
    public void awaitStuck(Phase phase, String... steps) {
        Set<String> stuck = Set.of(steps);
        Looks looks = new Looks();
        awaitBeforeExit("phase " + phase + " with just " + stuck + " running, each of which waits", () -> {
            Map<String, List<Thread>> running = runningSteps();
            boolean onlyThose = isWaitingIn(phase) && running.keySet().equals(stuck);
            return onlyThose && (stuck.isEmpty() || looks.allWait(threadsOf(running)));
        });
    }

    private synchronized boolean isWaitingIn(Phase phase) {
        AppBuilder app = builder;
        return app != null && app.view().phase() == phase && parked.size() == APP_THREADS;
    }

    /**
     * Waits until so many requests are in at the gate.
     *
     * @param gate the name of a gate that the app knows
     */
    public void awaitInFlight(String gate, long count) {
        awaitBeforeExit(count + " in flight at '" + gate + "'", () -> inFlight().getOrDefault(gate, -1L) == count);
    }

    private Map<String, Long> inFlight() {
        AppBuilder app = builder;
        return app == null ? Map.of() : app.view().inFlightByGate();
    }

    /** Waits until the app has exited or was halted. */
    public Exit awaitExit() {
        await("the exit", this::isOver);
        synchronized (this) {
            return Objects.requireNonNull(exit); // an exit cannot be undone
        }
    }

    /** Waits for the report; there is none after a forced exit that found the shutdown stuck. */
    public ShutdownReport awaitReport() {
        await("the report", report::isDone);
        return report.join();
    }

    /**
     * Ends what the app has left, so that the next test finds no port, no thread and no file of it: asks for a shutdown unless there was
     * one, and lets time run from limit to limit until the sequence has ended, after a forced exit and a failed start, too. So servers
     * are stopped and resources closed; steps that hang are cut at their limits. Then interrupts the app's threads that still wait (steps
     * that were abandoned, tasks), and waits for them, 2 s at most. What heeds no interrupt stays.
     *
     * <p>Steps that compute have a second of real time each, and all together 10 s. Idempotent; without effect if nothing runs.
     */
    @Override
    public void close() {
        AppBuilder app = builder;
        if (app != null) {
            app.requestShutdown("the test is over");
            long end = System.nanoTime() + PATIENCE_NANOS;
            while (!(app.view().state() == AppState.STOPPED && isOver()) && System.nanoTime() < end) {
                awaitNextLimit(app.view());
            }
            endThreads();
        }
    }

    // Turns the clock to the next limit once all that runs waits, or has had its time.
    private void awaitNextLimit(AppView app) {
        Looks looks = new Looks();
        long until = System.nanoTime() + PATIENCE_WITH_BUSY_STEPS_NANOS;
        boolean unused = await(
                () -> parkedThreads() == APP_THREADS && looks.allWait(threadsOf(runningSteps())),
                () -> app.state() == AppState.STOPPED && isOver(),
                until);
        if (app.state() == AppState.STOPPED && isOver()) {
            return;
        }
        Duration next;
        synchronized (this) {
            next = Duration.ofNanos(parked.values().stream()
                    .filter(limit -> limit != Long.MAX_VALUE)
                    .mapToLong(limit -> limit - now)
                    .min()
                    .orElse(0));
        }
        advance(next);
    }

    private synchronized int parkedThreads() {
        return parked.size();
    }

    private static List<Thread> threadsOf(Map<String, List<Thread>> steps) {
        return steps.values().stream().flatMap(List::stream).toList();
    }

    // Interrupts only those that wait: one that has been cut before may be busy with its own cleaning up.
    private void endThreads() {
        Map<Thread, Looks> looks = new HashMap<>();
        boolean unused = await(
                () -> {
                    List<Thread> left = threads();
                    left.stream()
                            .filter(this::endsByInterrupt)
                            .filter(thread -> looks.computeIfAbsent(thread, each -> new Looks())
                                    .allWait(List.of(thread)))
                            .forEach(Thread::interrupt);
                    return left.isEmpty();
                },
                () -> false,
                System.nanoTime() + PATIENCE_WITH_THREADS_NANOS);
    }

    // Those that would say the last words end with main, and would only spin if they were interrupted.
    private boolean endsByInterrupt(Thread thread) {
        return !thread.getName().startsWith(owner + "-last-words-");
    }

    // Those that core has made, which bear the app's name. Others in the group belong to servers and libraries, whose
    // business they are.
    private List<Thread> threads() {
        Thread[] all = new Thread[group.activeCount() + 100];
        int count = group.enumerate(all);
        return Arrays.stream(all, 0, count)
                .filter(thread -> thread.getName().startsWith(owner + "-"))
                .toList();
    }

    @Override
    protected synchronized void claim(String app) {
        if (owner != null) {
            throw new IllegalStateException(
                    "App '" + app + "' cannot run: this process belongs to app '" + owner + "'");
        }
        owner = app;
    }

    @Override
    protected synchronized List<String> listen(Consumer<String> signals, Runnable hook) {
        onSignal = signals;
        onExit = hook;
        return SIGNALS;
    }

    @Override
    protected synchronized void restoreSignals() {
        signalsRestored = true;
    }

    @Override
    protected void exit(int status) {
        Integer elsewhere = statusElsewhere;
        end(new Exit(elsewhere == null ? status : elsewhere, false));
    }

    @Override
    protected void halt(int status) {
        end(new Exit(status, true));
    }

    @Override
    protected synchronized void startEnded(boolean running, Runnable rehearsal) {
        started = running;
        notifyAll();
    }

    @Override
    protected synchronized void awaitEnd() {
        while (exit == null) {
            try {
                wait();
            } catch (InterruptedException e) {
                // nothing but exit or halt ends this wait
            }
        }
    }

    @Override
    protected synchronized long nanoTime() {
        return now;
    }

    @Override
    protected void parkUntil(long nanoTime) {
        synchronized (this) {
            if (now >= nanoTime) {
                return;
            }
            parked.put(Thread.currentThread(), nanoTime);
            notifyAll();
        }
        LockSupport.park(this); // a time that comes, or a signal sent, from here on has left its permit
        synchronized (this) {
            parked.remove(Thread.currentThread());
        }
    }

    // The first end is the end: what a halted app still does, its process does not see.
    private synchronized void end(Exit how) {
        if (exit == null) {
            exit = how;
            notifyAll();
        }
    }

    private synchronized boolean isOver() {
        return exit != null;
    }

    private void awaitBeforeExit(String what, BooleanSupplier condition) {
        await(what, condition, this::isOver);
    }

    private void await(String what, BooleanSupplier condition) {
        await(what, condition, () -> false);
    }

    private void await(String what, BooleanSupplier condition, BooleanSupplier inVain) {
        if (!await(condition, inVain, System.nanoTime() + PATIENCE_NANOS)) {
            throw new AssertionError(
                    "waited " + (inVain.getAsBoolean() ? "" : "10 s ") + "for " + what + "; " + situation());
        }
    }

    private String situation() {
        AppBuilder app = builder;
        if (app == null) {
            return "the app is not there";
        }
        Phase phase = app.view().phase();
        Exit how;
        synchronized (this) {
            how = exit;
        }
        return "the app is " + app.view().state() + (phase == null ? "" : " in " + phase)
                + (how == null ? "" : ", the process has ended with " + how)
                + ", running: " + runningSteps().keySet() + ", in flight: " + inFlight();
    }

    // The condition is asked without a lock: threads are looked at, which must not be in anybody's way.
    private boolean await(BooleanSupplier condition, BooleanSupplier inVain, long until) {
        boolean interrupted = false;
        boolean last = inVain.getAsBoolean(); // asked before the condition, which may have come at the last moment
        boolean holds = condition.getAsBoolean();
        while (!holds && !last) {
            try {
                pause();
            } catch (InterruptedException e) {
                interrupted = true;
            }
            last = inVain.getAsBoolean() || System.nanoTime() >= until;
            holds = condition.getAsBoolean();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return holds;
    }

    private synchronized void pause() throws InterruptedException {
        TimeUnit.NANOSECONDS.timedWait(this, POLL_NANOS);
    }
}
