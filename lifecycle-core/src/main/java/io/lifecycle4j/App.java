package io.lifecycle4j;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A service that starts in order and stops well.
 *
 * <p>{@link #run(String, AppSetup)} gives it the whole process: signals, JVM hook, exit status. {@link #builder(String)}
 * makes the same app for tests and for embedding; it touches no signal, no hook and no exit. Thread-safe.
 *
 * <pre>{@code
 * App.run("im", app -> {
 *     Database database = app.resource("database", Database.open(url));
 *     app.server(JettyServer.of("business", server(database)));
 *     app.onShutdown("flush", context -> database.flush(context.remaining()));
 * });
 * }</pre>
 *
 * @since 0.1
 */
public final class App implements AppView, AutoCloseable {

    private static final Events EVENTS = Events.ofThisJvm();

    private final Lifecycle lifecycle;
    private final Clock clock;
    private final @Nullable Runnable process;
    private final Components components = new Components();
    private final Starter starter;
    private final Readiness readiness;
    private final Map<String, Duration> chosenLimits = Collections.synchronizedMap(new LinkedHashMap<>());
    private volatile Limits limits = Limits.DEFAULTS;
    private volatile Duration echoWindow = Duration.ofMillis(50);
    private volatile ToIntFunction<ShutdownReport> exitStatus = report -> report.isClean() ? 0 : 1;
    private volatile @Nullable ShutdownSequence sequence;

    /**
     * @param process is told, without a block, that a shutdown was asked for, and calls {@link #runSequence}; null for an
     *     embedded app
     */
    App(String name, Clock clock, @Nullable Runnable process) {
        this.lifecycle = new Lifecycle(Names.checked("app", name), clock, EVENTS);
        this.clock = clock;
        this.process = process;
        this.starter = new Starter(lifecycle);
        this.readiness = new Readiness(name);
    }

    /**
     * Runs an app that owns this JVM: installs handlers for INT, TERM and HUP, runs the setup on the calling thread, starts
     * what it registered, waits for a reason to shut down, shuts down, and ends the JVM. Does not return.
     *
     * <p>A second INT or TERM halts the JVM, in whatever phase, with status 1; so does the deadline ({@link
     * AppBuilder#shutdownTimeout}). A failed setup or start is logged, what was registered is released, and the status is 1.
     *
     * @param name names the app in the log, in threads and in the report; not blank
     * @param setup registers what the app consists of
     * @throws IllegalStateException if an app runs in this JVM already
     */
    public static void run(String name, AppSetup setup) {
        new JvmProcess().runApp(name, Names.notNull("setup", setup));
    }

    /**
     * Begins an app without a process of its own.
     *
     * @param name names the app in the log, in threads and in the report; not blank
     */
    public static AppBuilder builder(String name) {
        return new AppBuilder(new App(name, Clock.SYSTEM, null));
    }

    /**
     * Starts the servers in the order of their registration, on the calling thread. Holds on return: the app is RUNNING.
     *
     * @throws AppStartException if a server could not start, or a shutdown was asked for meanwhile; all that had started is
     *     stopped by then, and what failed in doing so is suppressed on the exception
     * @throws IllegalStateException unless the app is NEW
     */
    public void start() throws AppStartException {
        if (!lifecycle.starting()) {
            throw new IllegalStateException(
                    "App '" + name() + "' is " + state() + "; it can be started only once, from NEW");
        }
        if (!startServers()) {
            throw startFailure(lifecycle.awaitStopped());
        }
    }

    /**
     * Asks for a shutdown and returns at once. The first reason wins; later ones have no effect. Safe from any thread: a
     * request handler, a callback, a JVM hook.
     *
     * @param reason why, for the log and the report; not blank
     */
    public void requestShutdown(String reason) {
        request(ShutdownReason.request(Names.checked("reason", reason)));
    }

    /**
     * Asks for a shutdown and waits for its end, which is at the latest at the deadline. Joins a shutdown in progress. An
     * interrupt does not end the wait; it is kept.
     *
     * @param reason why, for the log and the report; not blank
     * @return what happened
     * @throws IllegalStateException if called by a step of this app's shutdown, which would wait for itself
     */
    public ShutdownReport shutdown(String reason) {
        requestShutdown(reason);
        if (StepRunner.isStepOf(lifecycle)) {
            throw new IllegalStateException("App '" + name() + "' is " + state()
                    + "; a step of its shutdown cannot wait for the end (call requestShutdown instead)");
        }
        return lifecycle.awaitStopped();
    }

    /** Shuts down and waits for the end; within a step of this app's shutdown, only asks. Idempotent. */
    @Override
    public void close() {
        requestShutdown("closed");
        if (!StepRunner.isStepOf(lifecycle)) {
            lifecycle.awaitStopped();
        }
    }

    @Override
    public String name() {
        return lifecycle.name();
    }

    @Override
    public AppState state() {
        return lifecycle.state();
    }

    @Override
    public @Nullable Phase phase() {
        return lifecycle.snapshot().phase();
    }

    @Override
    public boolean isReady() {
        return state() == AppState.RUNNING
                && redConditions().isEmpty()
                && state() == AppState.RUNNING; // a condition takes its time, and a shutdown may begin meanwhile
    }

    @Override
    public List<String> redConditions() {
        return readiness.red(components.conditions());
    }

    @Override
    public long inFlight() {
        long sum = 0;
        for (RequestGate gate : components.serverGates()) {
            sum += gate.inFlight();
        }
        return sum;
    }

    @Override
    public Map<String, Long> inFlightByGate() {
        Map<String, Long> counts = new LinkedHashMap<>();
        components.allGates().forEach(gate -> counts.put(gate.name(), gate.inFlight()));
        return Collections.unmodifiableMap(counts);
    }

    @Override
    public boolean isShuttingDown() {
        return lifecycle.isShuttingDown();
    }

    @Override
    public @Nullable Duration timeSinceShutdownBegan() {
        Lifecycle.Stop stop = lifecycle.snapshot().stop();
        return stop == null ? null : Duration.ofNanos(clock.nanoTime() - stop.since());
    }

    @Override
    public CompletionStage<ShutdownReason> whenShuttingDown() {
        return lifecycle.whenShuttingDown();
    }

    @Override
    public CompletionStage<ShutdownReport> whenStopped() {
        return lifecycle.whenStopped();
    }

    /** Returns whether the reason is the first. */
    boolean request(ShutdownReason reason) {
        boolean first = lifecycle.requestStop(reason);
        if (first && process != null) {
            process.run();
        } else if (first) {
            embeddedShutdown();
        }
        return first;
    }

    private void embeddedShutdown() {
        Runnable work = () -> runSequence(new Wakeup(Thread.currentThread()), () -> false, new SpareThreads(name(), 0));
        try {
            Thread thread = Threads.create(name() + "-shutdown", work);
            thread.setDaemon(false); // whoever asked: a shutdown that has begun is not cut off by the end of main
            thread.start();
        } catch (Throwable e) { // no memory for a thread: better on the caller's than never
            work.run();
        }
    }

    /** Runs the setup, then starts the servers; returns false, and has asked for a shutdown, if that did not succeed. */
    boolean setUpAndStart(AppSetup setup) {
        try {
            if (!starter.setUp(setup, new AppBuilder(this))) {
                return false;
            }
        } catch (Throwable e) {
            fail("setup failed", e);
            return false;
        }
        return lifecycle.starting() && startServers();
    }

    /** Runs the shutdown that was asked for, on the calling thread. Whatever happens, the app is STOPPED and has a report. */
    ShutdownReport runSequence(Wakeup wakeup, BooleanSupplier exiting, SpareThreads spares) {
        ShutdownReport report;
        try {
            lifecycle.announceStop();
            ShutdownSequence shutdown = new ShutdownSequence(
                    lifecycle, clock, starter, components.seal(), limits, wakeup, exiting, spares, EVENTS);
            sequence = shutdown;
            report = shutdown.run();
        } catch (Throwable e) { // lack of memory, or a defect of ours
            report = ShutdownReport.broken(name(), lifecycle.stop().reason(), e);
        }
        lifecycle.stopped(report);
        return report;
    }

    /** What has not ended, for last words; takes no lock and calls nobody. */
    String stillRunning() {
        ShutdownSequence shutdown = sequence;
        String starting = starter.current();
        return shutdown != null ? shutdown.stillRunning() : starting == null ? "nothing" : starting;
    }

    Map<String, List<Thread>> runningSteps() {
        ShutdownSequence shutdown = sequence;
        return shutdown == null ? Map.of() : shutdown.runningSteps();
    }

    boolean isOwnedByProcess() {
        return process != null;
    }

    Lifecycle lifecycle() {
        return lifecycle;
    }

    Clock clock() {
        return clock;
    }

    Components components() {
        return components;
    }

    Limits limits() {
        return limits;
    }

    void limits(String name, Duration chosen, Limits value) {
        limits = value;
        chosenLimits.put(name, chosen);
    }

    Duration echoWindow() {
        return echoWindow;
    }

    void echoWindow(Duration value) {
        echoWindow = value;
    }

    ToIntFunction<ShutdownReport> exitStatus() {
        return exitStatus;
    }

    void exitStatus(ToIntFunction<ShutdownReport> value) {
        exitStatus = value;
    }

    private boolean startServers() {
        Components.Snapshot sealed = components.seal();
        String beyond = beyondTheWhole(sealed);
        if (!beyond.isEmpty()) {
            Log.warn(
                    "App '{}': {} exceed shutdownTimeout {}, which cuts them",
                    name(),
                    beyond,
                    Text.of(limits.shutdown()));
        }
        for (Components.Server server : sealed.servers()) {
            try {
                if (!starter.start(server, failure -> failed(server, failure))) {
                    return false;
                }
            } catch (Throwable e) {
                fail("server '" + server.name() + "' could not start", e);
                return false;
            }
        }
        return lifecycle.started();
    }

    // Limits that somebody chose and that can never be reached. A default beside a short shutdownTimeout is no mistake.
    private String beyondTheWhole(Components.Snapshot sealed) {
        Map<String, Duration> chosen = new LinkedHashMap<>(chosenLimits);
        for (Components.Callback callback : sealed.callbacks()) {
            if (callback.limit() != null) {
                chosen.put("limit of '" + callback.name() + "'", callback.limit());
            }
        }
        StringJoiner beyond = new StringJoiner(", "); // a stream's classes would take longer than all else here
        chosen.forEach((name, limit) -> {
            if (limit.compareTo(limits.shutdown()) > 0) {
                beyond.add(name + " " + Text.of(limit));
            }
        });
        return beyond.toString();
    }

    private void failed(Components.Server server, Throwable failure) {
        String what = "server '" + server.name() + "' failed";
        if (!fail(what, Names.notNull("failure", failure))) {
            Log.warn("App '{}': {} while the app was shutting down already", name(), what, failure);
        }
    }

    /** Returns whether it is the reason of the shutdown. */
    boolean fail(String what, Throwable failure) {
        String message = failure instanceof AppStartException
                ? String.valueOf(failure.getMessage())
                : what + ": " + Text.of(failure);
        return request(ShutdownReason.failure(message, failure));
    }

    private AppStartException startFailure(ShutdownReport report) {
        ShutdownReason reason = report.reason();
        AppStartException exception =
                new AppStartException("App '" + name() + "' did not start: " + reason.description(), reason.failure());
        for (ShutdownReport.Step step : report.steps()) {
            if (step.failure() != null) {
                exception.addSuppressed(step.failure());
            }
        }
        return exception;
    }
}
