package io.lifecycle4j;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
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
    private final AppRunner runner;
    private final Lifecycle lifecycle;
    private final Registry registry;
    private final Readiness readiness;

    App(AppRunner runner) {
        this.runner = runner;
        this.lifecycle = runner.lifecycle();
        this.registry = runner.registry();
        this.readiness = new Readiness(runner.name());
    }

    /**
     * Runs an app that owns this JVM: installs handlers for INT, TERM and HUP, runs the setup on the calling thread, starts
     * what it registered, waits for a reason to shut down, shuts down, and ends the JVM. Does not return.
     *
     * <p>A second INT or TERM halts the JVM, in whatever phase, with status 1 ({@link AppBuilder#forcedExitStatus}); so does the deadline
     * ({@link AppBuilder#shutdownTimeout}). A failed setup or start is logged, what was registered is released, and the status is 1
     * ({@link AppBuilder#exitStatus}).
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
        AppRunner runner = new AppRunner(name, Clock.SYSTEM, null);
        return new AppBuilder(new App(runner), runner);
    }

    /**
     * Starts the servers in the order of their registration, on the calling thread. Holds on return: the app is RUNNING.
     *
     * @throws AppStartException if a server could not start, {@link AppBuilder#startTimeout} passed, or a shutdown was asked for
     *     meanwhile; all that had started is stopped by then, and what failed in doing so is suppressed on the exception
     * @throws IllegalStateException unless the app is NEW
     */
    public void start() throws AppStartException {
        if (!lifecycle.starting()) {
            throw new IllegalStateException(
                    "App '" + name() + "' is " + state() + "; it can be started only once, from NEW");
        }
        if (!runner.startEmbedded(this)) {
            throw startFailure(lifecycle.awaitStopped());
        }
    }

    private AppStartException startFailure(ShutdownReport report) {
        ShutdownReason reason = report.reason();
        AppStartException exception =
                new AppStartException("App '" + name() + "' did not start: " + reason, reason.failure());
        for (ShutdownReport.Step step : report.steps()) {
            if (step.failure() != null) {
                exception.addSuppressed(step.failure());
            }
        }
        return exception;
    }

    /**
     * Asks for a shutdown and returns at once. The first reason wins; later ones have no effect. Safe from any thread: a
     * request handler, a callback, a JVM hook.
     *
     * @param reason why, for the log and the report; not blank
     */
    public void requestShutdown(String reason) {
        runner.request(ShutdownReason.request(Names.checked("reason", reason)));
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
        return readiness.red(registry.conditions());
    }

    @Override
    public long inFlight() {
        long sum = 0;
        for (RequestGate gate : registry.requestGates()) {
            sum += gate.inFlight();
        }
        return sum;
    }

    @Override
    public Map<String, Long> inFlightByGate() {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (RequestGate gate : registry.allGates()) {
            counts.put(gate.name(), gate.inFlight());
        }
        return Collections.unmodifiableMap(counts);
    }

    @Override
    public boolean isShuttingDown() {
        return lifecycle.isShuttingDown();
    }

    @Override
    public @Nullable Duration timeSinceShutdownBegan() {
        return lifecycle.timeSinceStop();
    }

    @Override
    public CompletionStage<ShutdownReason> whenShuttingDown() {
        return lifecycle.whenShuttingDown();
    }

    @Override
    public CompletionStage<ShutdownReport> whenStopped() {
        return lifecycle.whenStopped();
    }
}
