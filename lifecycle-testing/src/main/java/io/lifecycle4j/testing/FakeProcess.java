package io.lifecycle4j.testing;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.AppView;
import io.lifecycle4j.HostProcess;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
 * FakeProcess process = new FakeProcess();
 * process.run("im", app -> app.onShutdown("flush", context -> cache.flush()));
 * process.signal("TERM");
 * assertEquals(0, process.awaitExit().status());
 * }</pre>
 *
 * <p>Methods named <em>await</em> wait in real time, 10 s at most, then throw {@link AssertionError}. Thread-safe. One app a
 * process.
 *
 * @since 0.1
 */
public final class FakeProcess extends HostProcess {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");
    private static final int APP_THREADS = 2; // the shutdown's and the watchdog's

    /**
     * How the process ended.
     *
     * @param status the exit status
     * @param forced whether it was halted
     */
    public record Exit(int status, boolean forced) {}

    private final List<Thread> parked = new ArrayList<>();
    private final CompletableFuture<ShutdownReport> report = new CompletableFuture<>();
    private long now;
    private @Nullable String owner;
    private volatile @Nullable AppView view;
    private @Nullable Consumer<String> onSignal;
    private @Nullable Runnable onExit;
    private @Nullable Exit exit;
    private volatile @Nullable Integer statusElsewhere;
    private boolean started;
    private boolean signalsRestored;

    /** Creates a process in which nothing runs, with a clock at zero. */
    public FakeProcess() {}

    /** Runs an app and returns when it is RUNNING or when its start has failed. */
    public AppView run(String name, AppSetup setup) {
        AppView app = launch(name, setup);
        await("the start of '" + name + "'", () -> started || exit != null);
        return app;
    }

    /** Begins to run an app and returns when its setup has begun, for tests of what happens while it starts. */
    public AppView launch(String name, AppSetup setup) {
        CompletableFuture<AppView> configured = new CompletableFuture<>();
        Thread main = new Thread(() -> runMain(name, setup, configured), name + "-main");
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
        app.view().whenStopped().whenComplete((done, failure) -> report.complete(done));
        view = app.view();
        configured.complete(app.view());
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
            end(new Exit(name.equals("INT") ? 130 : 143, true));
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

    /** Lets time pass: whoever waits for a time up to then is woken. */
    public void advance(Duration time) {
        List<Thread> wake;
        synchronized (this) {
            now += time.toNanos();
            wake = List.copyOf(parked);
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
        await("phase " + phase, () -> isIn(phase) && parked.size() == APP_THREADS);
    }

    /**
     * Waits like {@link #awaitPhase}, and until just the named steps of the phase are still running: from then on, {@link #advance}
     * cuts no step that only wanted a moment more.
     *
     * @param steps the names of servers, callbacks or resources that are to be stuck; none if only requests in flight are
     */
    public void awaitStuck(Phase phase, String... steps) {
        Set<String> stuck = Set.of(steps);
        await(
                "phase " + phase + " with just " + stuck + " running",
                () -> isIn(phase) && parked.size() == APP_THREADS && stuck.equals(Set.copyOf(runningSteps())));
    }

    private boolean isIn(Phase phase) {
        AppView app = view;
        return app != null && app.phase() == phase;
    }

    /** Waits until the app has exited or was halted. */
    public Exit awaitExit() {
        await("the exit", () -> exit != null);
        synchronized (this) {
            if (exit == null) {
                throw new AssertionError("an exit cannot be undone");
            }
            return exit;
        }
    }

    /** Waits for the report; there is none after a forced exit that found the shutdown stuck. */
    public ShutdownReport awaitReport() {
        return report.orTimeout(PATIENCE_NANOS, TimeUnit.NANOSECONDS).join();
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
    protected void awaitEnd() {
        synchronized (this) {
            started = true;
            notifyAll();
        }
        boolean unused = await(() -> exit != null, Long.MAX_VALUE);
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
            parked.add(Thread.currentThread());
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

    private void await(String what, BooleanSupplier condition) {
        if (!await(condition, System.nanoTime() + PATIENCE_NANOS)) {
            throw new AssertionError(
                    "waited 10 s for " + what + "; the app is " + (view == null ? "not there" : view.state()));
        }
    }

    private synchronized boolean await(BooleanSupplier condition, long until) {
        boolean interrupted = false;
        while (!condition.getAsBoolean() && System.nanoTime() < until) {
            try {
                TimeUnit.NANOSECONDS.timedWait(this, until - System.nanoTime());
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return condition.getAsBoolean();
    }
}
