package io.lifecycle4j;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Takes an app from its setup to its report: starts what is registered, takes the reasons to shut down, and runs the shutdown.
 * The owner of the app (a process, or the code that embeds it) provides the threads.
 */
final class AppRunner {
    private final Events events;
    private final Logger log;
    private final Lifecycle lifecycle;
    private final Clock clock;
    private final @Nullable Runnable wakeProcess;
    private final Registry registry = new Registry();
    private final Starter starter;
    private volatile long startBegan;
    private volatile @Nullable ShutdownSequence sequence;

    AppRunner(String name, Clock clock, @Nullable Runnable wakeProcess) {
        this(name, clock, Events.ofThisJvm(), Log.LOGGER, wakeProcess);
    }

    /**
     * @param events takes what flight recordings show
     * @param log takes the lines of the shutdown
     * @param wakeProcess has the threads of the process look at the app again, without blocking; null for an embedded app
     */
    AppRunner(String name, Clock clock, Events events, Logger log, @Nullable Runnable wakeProcess) {
        this.events = events;
        this.log = log;
        this.lifecycle = new Lifecycle(Names.checked("app", name), clock, events);
        this.clock = clock;
        this.wakeProcess = wakeProcess;
        this.starter = new Starter(lifecycle);
        this.startBegan = clock.nanoTime();
    }

    String name() {
        return lifecycle.name();
    }

    Lifecycle lifecycle() {
        return lifecycle;
    }

    Registry registry() {
        return registry;
    }

    Clock clock() {
        return clock;
    }

    boolean isOwnedByProcess() {
        return wakeProcess != null;
    }

    /** Changes the settings; returns false if it is too late. */
    boolean set(UnaryOperator<Settings> change) {
        boolean set = registry.set(change);
        if (wakeProcess != null) {
            wakeProcess.run(); // a limit that it waits for may have changed
        }
        return set;
    }

    /**
     * Runs the setup, then the starts, then a check; returns false, and has asked for a shutdown, if that did not succeed.
     *
     * @param check throws what keeps the app from running
     */
    boolean setUpAndStart(App app, AppSetup setup, Starter.Part check) {
        return run("setup", "setup failed", null, () -> setup.configure(new AppBuilder(app, this)))
                && lifecycle.starting()
                && start(app, check);
    }

    /** Starts an embedded app; returns false, and has asked for a shutdown, if that did not succeed. */
    boolean startEmbedded(App app) {
        startBegan = clock.nanoTime();
        if (registry.settings().limits().start() == null) {
            return start(app, () -> {});
        }
        Thread watch = Threads.create(name() + "-start-watch", () -> {
            while (isBeingStarted()) {
                clock.parkUntil(watchStart());
            }
        });
        boolean started = run("watch over the start", "there is no thread to watch the start", null, watch::start)
                && start(app, () -> {});
        LockSupport.unpark(watch);
        return started;
    }

    private boolean start(App app, Starter.Part check) {
        Plan plan = registry.seal();
        plan.warnOfLimitsBeyondTheWhole(name());
        for (Plan.Server server : plan.servers()) {
            String what = "server '" + server.name() + "'";
            ServerContext context = failure -> failed(what, failure);
            if (!run(
                    "start of " + what,
                    what + " could not start",
                    server,
                    () -> server.managed().start(context))) {
                return false;
            }
        }
        for (Map.Entry<String, StartedCallback> each : plan.onStarted().entrySet()) {
            String what = "started callback '" + each.getKey() + "'";
            if (!run(what, what + " failed", null, () -> each.getValue().run(app))) {
                return false;
            }
        }
        return run("check of the process", "the process is not fit to run an app", null, check) && lifecycle.started();
    }

    private boolean run(String what, String ifItFails, Plan.@Nullable Server server, Starter.Part part) {
        try {
            return starter.run(what, server, part);
        } catch (Throwable e) {
            fail(ifItFails, e);
            return false;
        }
    }

    private void failed(String server, Throwable failure) {
        String what = server + " failed";
        if (!fail(what, Names.notNull("failure", failure))) {
            Log.warn("App '{}': {} while the app was shutting down already", name(), what, failure);
        }
    }

    /** Gives up a start that has reached its limit; returns when to look again. */
    long watchStart() {
        Duration limit = registry.settings().limits().start();
        if (limit == null || !isBeingStarted()) {
            return Long.MAX_VALUE;
        }
        long end = startBegan + limit.toNanos();
        if (clock.nanoTime() < end) {
            return end;
        }
        giveUpStart(limit);
        return Long.MAX_VALUE;
    }

    // The race against the start's end: one compare-and-set of the state, so that no app that is RUNNING is stopped for
    // it.
    private void giveUpStart(Duration limit) {
        Starter.Progress hanging = starter.progress();
        StackTraceElement[] none = {};
        HangingStart failure =
                new HangingStart(hanging == null ? none : hanging.thread().getStackTrace());
        String what = hanging == null ? "the start" : hanging.what();
        ShutdownReason reason =
                ShutdownReason.failure(what + " has not ended within startTimeout " + Text.of(limit), failure);
        if (lifecycle.requestStopOfStart(reason)) {
            beginShutdown();
        }
    }

    private boolean isBeingStarted() {
        return lifecycle.state().compareTo(AppState.STARTING) <= 0;
    }

    /** Returns whether it is the reason of the shutdown. */
    boolean fail(String what, Throwable failure) {
        return request(ShutdownReason.failure(what, failure));
    }

    /** Returns whether the reason is the first. */
    boolean request(ShutdownReason reason) {
        boolean first = lifecycle.requestStop(reason);
        if (first) {
            beginShutdown();
        }
        return first;
    }

    private void beginShutdown() {
        if (wakeProcess != null) {
            wakeProcess.run();
        } else {
            runEmbedded();
        }
    }

    private void runEmbedded() {
        Runnable work = () -> runShutdown(new Wakeup(Thread.currentThread()), new SpareThreads(name(), 0), () -> false);
        try {
            Thread thread = Threads.create(name() + "-shutdown", work);
            thread.setDaemon(false); // a shutdown that has begun does not end with main
            thread.start();
        } catch (Throwable e) { // no memory for a thread: better on the caller's than never
            work.run();
        }
    }

    /** Runs the shutdown that was asked for, on the calling thread. Whatever happens, the app is STOPPED and has a report. */
    ShutdownReport runShutdown(Wakeup wakeup, SpareThreads threads, BooleanSupplier exiting) {
        ShutdownReport report;
        try {
            lifecycle.announceStop(threads);
            Execution execution = new Execution(clock, wakeup, threads, events, log, exiting);
            ShutdownSequence shutdown = new ShutdownSequence(lifecycle, starter, registry.seal(), execution);
            sequence = shutdown;
            report = shutdown.run();
        } catch (Throwable e) { // lack of memory, or a defect of ours
            report = ShutdownReport.broken(name(), lifecycle.stop().reason(), e);
        }
        lifecycle.stopped(report, threads);
        return report;
    }

    /** Runs a shutdown over nothing; see {@link Rehearsal}. */
    void rehearse() {
        Rehearsal.run(name(), registry.seal());
    }

    /** What has not ended, for last words; takes no lock and calls nobody. */
    String stillRunning() {
        ShutdownSequence shutdown = sequence;
        Starter.Progress starting = starter.progress();
        return shutdown != null ? shutdown.stillRunning() : starting == null ? "nothing" : starting.what();
    }

    Map<String, List<Thread>> runningSteps() {
        ShutdownSequence shutdown = sequence;
        return shutdown == null ? Map.of() : shutdown.runningSteps();
    }
}
