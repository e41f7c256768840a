package io.lifecycle4j;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Takes what an app consists of. Servers start in the order of registration; resources close in the reverse order.
 *
 * <p>Thread-safe, though meant for one thread. Everything can be registered and set until the start, and nothing after it. A
 * resource, executor or scheduler that is refused, whatever the reason, is closed at once: nobody else would do it.
 *
 * <p>Servers, tasks, resources, executors and callbacks have the limit of their phase, or one of their own, which their
 * registration takes before what it registers. A limit of their own is positive.
 *
 * @since 0.1
 */
public final class AppBuilder {
    private final App app;
    private final AppRunner runner;
    private final Registry registry;

    AppBuilder(App app, AppRunner runner) {
        this.app = app;
        this.runner = runner;
        this.registry = runner.registry();
    }

    /**
     * Sets the deadline of the whole shutdown, from the first reason to the exit; default 25 s, so that Kubernetes'
     * grace period of 30 s is never reached. When it passes, {@link App#run} halts the JVM.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder shutdownTimeout(Duration limit) {
        return limit(Limit.SHUTDOWN, limit);
    }

    /**
     * Sets how long the setup and the starts may take together; unlimited by default. In {@link App#run} it counts from the call,
     * otherwise from {@link App#start()}. When it passes, the log has the stack of the thread that hangs, and the start has
     * failed: it is interrupted, what had started is stopped, what was registered is released, and the status is 1. Embedded, a start that
     * ignores the interrupt keeps {@link App#start()} from returning, although the app is STOPPED.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder startTimeout(Duration limit) {
        return limit(Limit.START, limit);
    }

    /**
     * Sets how long requests are still served while readiness is already red, so that load balancers catch up; default
     * zero. An app that was never RUNNING does not wait.
     *
     * @throws IllegalArgumentException if negative
     */
    public AppBuilder announceDelay(Duration delay) {
        return limit(Limit.ANNOUNCE, delay);
    }

    /**
     * Sets how long requests in flight may take to finish; default 10 s.
     *
     * @throws IllegalArgumentException if negative
     */
    public AppBuilder drainTimeout(Duration limit) {
        return limit(Limit.DRAIN, limit);
    }

    /**
     * Sets how long each server, task and scheduler may take to stop that has no limit of its own; default 5 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder stopTimeout(Duration limit) {
        return limit(Limit.STOP, limit);
    }

    /**
     * Sets how long each shutdown callback may take that has no limit of its own; default 3 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder callbackTimeout(Duration limit) {
        return limit(Limit.CALLBACK, limit);
    }

    /**
     * Sets how long each resource and executor may take to close that has no limit of its own; default 5 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder releaseTimeout(Duration limit) {
        return limit(Limit.RELEASE, limit);
    }

    /**
     * Takes limits from environment variables, where they are set: {@code LIFECYCLE4J_SHUTDOWN_TIMEOUT}, {@code
     * LIFECYCLE4J_START_TIMEOUT}, {@code LIFECYCLE4J_ANNOUNCE_DELAY}, {@code LIFECYCLE4J_DRAIN_TIMEOUT}, {@code
     * LIFECYCLE4J_STOP_TIMEOUT}, {@code LIFECYCLE4J_CALLBACK_TIMEOUT}, {@code LIFECYCLE4J_RELEASE_TIMEOUT}. A value is a whole
     * number and a unit: {@code 500ms}, {@code 4s}, {@code 2m}. They replace what was set before this call; what is set after it
     * replaces them.
     *
     * @throws AppStartException if a value is wrong; its message names the variable, the value and what was expected
     */
    public AppBuilder limitsFromEnvironment() throws AppStartException {
        return limitsFrom(System.getenv());
    }

    AppBuilder limitsFrom(Map<String, String> environment) throws AppStartException {
        Limits limits = EnvironmentLimits.over(registry.settings().limits(), environment);
        return set("limits", settings -> settings.with(limits));
    }

    /**
     * Sets within which time a repetition of the same signal counts as its echo; default 50 ms, for wrappers that deliver
     * one Ctrl+C twice. Zero counts every signal. Only {@link App#run} handles signals.
     *
     * @throws IllegalArgumentException if negative
     */
    public AppBuilder ignoreRepeatedSignalsWithin(Duration window) {
        return set("limits", settings -> settings.withEchoWindow(window));
    }

    /**
     * Leaves HUP to the service: from now on, until a shutdown begins, the action is what a HUP does, such as reading
     * the configuration again, and the app goes on running. Without this, a HUP shuts the app down, since a closed terminal sends
     * it. The action runs on a thread of its own for each signal; what it throws is logged. Only {@link App#run} handles signals.
     */
    public AppBuilder onHangup(Runnable action) {
        return set("the action for HUP", settings -> settings.withOnHangup(action));
    }

    /**
     * Sets the exit status of {@link App#run}; default 0 for a CLEAN report, else 1. One that throws gives 1. It is not asked
     * on a forced exit.
     */
    public AppBuilder exitStatus(ToIntFunction<ShutdownReport> status) {
        return set("the exit status", settings -> settings.withExitStatus(status));
    }

    /**
     * Sets the status of an exit that is forced by a second signal or by the deadline; default 1.
     *
     * @throws IllegalArgumentException unless it is 1 to 255
     */
    public AppBuilder forcedExitStatus(int status) {
        return set("the status of a forced exit", settings -> settings.withForcedStatus(status));
    }

    /** Registers a server and returns it. */
    public <S extends ManagedServer> S server(S server) {
        return add(server, null);
    }

    /** Like {@link #server(ManagedServer)}, with a limit of its own in STOP. */
    public <S extends ManagedServer> S server(Duration limit, S server) {
        return add(server, Limit.positive("limit of a server", limit));
    }

    private <S extends ManagedServer> S add(S server, @Nullable Duration limit) {
        admit("servers", registry.add(Names.notNull("server", server), limit));
        return server;
    }

    /**
     * Registers a background worker, to be started in its place among the servers. If the task returns, the app goes on.
     *
     * @param name unique among servers and tasks; not blank
     */
    public AppBuilder task(String name, Task task) {
        return task(name, Task.OnReturn.KEEP_RUNNING, task);
    }

    /** Like {@link #task(String, Task)}, and says what it means when the task returns before a shutdown. */
    public AppBuilder task(String name, Task.OnReturn onReturn, Task task) {
        add(backgroundTask(name, onReturn, task), null);
        return this;
    }

    /** Like {@link #task(String, Task)}, with a limit of its own in STOP, and in DRAIN for one that is {@linkplain Task#stoppedBy asked to end}. */
    public AppBuilder task(String name, Duration limit, Task task) {
        return task(name, limit, Task.OnReturn.KEEP_RUNNING, task);
    }

    /** Like {@link #task(String, Task.OnReturn, Task)}, with a limit of its own in STOP. */
    public AppBuilder task(String name, Duration limit, Task.OnReturn onReturn, Task task) {
        add(backgroundTask(name, onReturn, task), ofItsOwn(name, limit));
        return this;
    }

    private BackgroundTask backgroundTask(String name, Task.OnReturn onReturn, Task task) {
        return new BackgroundTask(name, Names.notNull("onReturn", onReturn), Names.notNull("task", task), app, runner);
    }

    /**
     * Registers a resource, to be closed in RELEASE, and returns it.
     *
     * @param name unique among resources and executors; not blank
     */
    public <R extends AutoCloseable> R resource(String name, R resource) {
        return addResource(name, null, resource);
    }

    /** Like {@link #resource(String, AutoCloseable)}, with a limit of its own. */
    public <R extends AutoCloseable> R resource(String name, Duration limit, R resource) {
        return addResource(name, limit, resource);
    }

    private <R extends AutoCloseable> R addResource(String name, @Nullable Duration limit, R resource) {
        Names.notNull("resource", resource);
        // An ExecutorService is a resource, too, from 19 on; its close() waits for a day.
        addRelease(
                name,
                limit,
                resource instanceof ExecutorService executor
                        ? new ExecutorEnd(name, executor)
                        : context -> resource.close());
        return resource;
    }

    /**
     * Registers an executor, to be ended in RELEASE, and returns it: it accepts nothing new, what it has may finish, and is
     * interrupted when a fifth of the limit is left. Delayed work of a {@link
     * java.util.concurrent.ScheduledThreadPoolExecutor} that is due later than that is dropped at once, and the report says so.
     *
     * @param name unique among resources and executors; not blank
     */
    public <E extends ExecutorService> E executor(String name, E executor) {
        return addExecutor(name, null, executor);
    }

    /** Like {@link #executor(String, ExecutorService)}, with a limit of its own. */
    public <E extends ExecutorService> E executor(String name, Duration limit, E executor) {
        return addExecutor(name, limit, executor);
    }

    private <E extends ExecutorService> E addExecutor(String name, @Nullable Duration limit, E executor) {
        addRelease(name, limit, new ExecutorEnd(name, Names.notNull("executor", executor)));
        return executor;
    }

    private void addRelease(String name, @Nullable Duration limit, ShutdownCallback release) {
        try {
            Names.checked("resource", name);
            Duration own = limit == null ? null : ofItsOwn(name, limit);
            admit("resources", registry.add(new Plan.Callback(Phase.RELEASE, name, own, release)));
        } catch (RuntimeException refusal) {
            releaseRefused(release, refusal);
            throw refusal;
        }
    }

    private void releaseRefused(ShutdownCallback release, RuntimeException refusal) {
        try {
            long limit = registry.settings().limits().release().toNanos();
            ShutdownReason reason = ShutdownReason.failure("registration refused", refusal);
            release.run(
                    new ShutdownContext(reason, runner.clock(), runner.clock().nanoTime() + limit));
        } catch (Exception e) {
            refusal.addSuppressed(e);
        }
    }

    /**
     * Registers a scheduler as a source of work, and returns the one to schedule with: its jobs run on the given one, pass a gate
     * of the same name, and are counted and named like requests. From the first moment of DRAIN it begins no job and takes none
     * ({@link java.util.concurrent.RejectedExecutionException}); jobs that run are waited for in DRAIN; in STOP the given
     * one is shut down, with an interrupt for what still runs.
     *
     * <p>A job runs when it is due, before the app has started, too: schedule in {@link #onStarted} what is to begin with the app. A repeated
     * job that throws is logged, and not repeated.
     *
     * <p>What is scheduled on the given one itself is not counted. A scheduler that only serves requests, with their timeouts for
     * instance, is no source of work: register it by {@link #executor(String, ExecutorService)}.
     *
     * @param name unique among servers, tasks and gates; not blank
     */
    public ScheduledExecutorService scheduler(String name, ScheduledExecutorService scheduler) {
        return addScheduler(name, null, scheduler);
    }

    /** Like {@link #scheduler(String, ScheduledExecutorService)}, with a limit of its own in STOP. */
    public ScheduledExecutorService scheduler(String name, Duration limit, ScheduledExecutorService scheduler) {
        return addScheduler(name, limit, scheduler);
    }

    private ScheduledExecutorService addScheduler(
            String name, @Nullable Duration limit, ScheduledExecutorService scheduler) {
        Names.notNull("scheduler", scheduler);
        try {
            Names.checked("scheduler", name);
            return add(
                    new GatedScheduler(name, scheduler, runner.clock()), limit == null ? null : ofItsOwn(name, limit));
        } catch (RuntimeException refusal) {
            scheduler.shutdownNow();
            throw refusal;
        }
    }

    /**
     * Creates a gate without a server, for work that does not come as requests: a queue's consumer, messages on open
     * sockets. It closes when the drain begins, and the drain waits until it is empty.
     *
     * @param name unique among gates; not blank
     */
    public RequestGate gate(String name) {
        RequestGate gate = new RequestGate(name);
        admit("gates", registry.add(gate));
        return gate;
    }

    /**
     * Registers a condition without which {@link AppView#isReady()} is false. It is asked at each call, on a thread of its own;
     * still, it should read a field and not do I/O.
     *
     * @param name unique among conditions; not blank
     */
    public AppBuilder readiness(String name, BooleanSupplier condition) {
        Names.notNull("condition", condition);
        admit("readiness conditions", registry.add(Names.checked("readiness condition", name), condition));
        return this;
    }

    /**
     * Registers what is to be done when everything has started, such as joining a service registry. Started callbacks run one after
     * another in the order of registration, within {@link #startTimeout}; one that throws fails the start.
     *
     * @param name unique among started callbacks; not blank
     */
    public AppBuilder onStarted(String name, StartedCallback callback) {
        Names.notNull("callback", callback);
        admit("callbacks", registry.add(Names.checked("callback", name), callback));
        return this;
    }

    /** Registers what is to be done when readiness has turned red, such as leaving a service registry. Runs in ANNOUNCE. */
    public AppBuilder onAnnounce(String name, ShutdownCallback callback) {
        return callback(Phase.ANNOUNCE, name, null, callback);
    }

    /** Like {@link #onAnnounce(String, ShutdownCallback)}, with a limit of its own. */
    public AppBuilder onAnnounce(String name, Duration limit, ShutdownCallback callback) {
        return callback(Phase.ANNOUNCE, name, ofItsOwn(name, limit), callback);
    }

    /** Registers what is to be done while requests in flight finish, such as ending streams. Runs in DRAIN. */
    public AppBuilder onDrain(String name, ShutdownCallback callback) {
        return callback(Phase.DRAIN, name, null, callback);
    }

    /** Like {@link #onDrain(String, ShutdownCallback)}, with a limit of its own. */
    public AppBuilder onDrain(String name, Duration limit, ShutdownCallback callback) {
        return callback(Phase.DRAIN, name, ofItsOwn(name, limit), callback);
    }

    /** Registers what is to be done when the servers have stopped, such as flushing a cache. Runs in CALLBACKS. */
    public AppBuilder onShutdown(String name, ShutdownCallback callback) {
        return callback(Phase.CALLBACKS, name, null, callback);
    }

    /** Like {@link #onShutdown(String, ShutdownCallback)}, with a limit of its own. */
    public AppBuilder onShutdown(String name, Duration limit, ShutdownCallback callback) {
        return callback(Phase.CALLBACKS, name, ofItsOwn(name, limit), callback);
    }

    private AppBuilder callback(Phase phase, String name, @Nullable Duration limit, ShutdownCallback callback) {
        Names.checked("callback", name);
        Names.notNull("callback", callback);
        admit("callbacks", registry.add(new Plan.Callback(phase, name, limit, callback)));
        return this;
    }

    /** Returns what handlers may know of the app; valid from now until after its end. */
    public AppView view() {
        return app;
    }

    /** Asks for a shutdown; see {@link App#requestShutdown(String)}. For handlers that are made in a setup. */
    public void requestShutdown(String reason) {
        app.requestShutdown(reason);
    }

    /**
     * Returns the app, to be started by its owner.
     *
     * @throws IllegalStateException in a setup given to {@link App#run}, which starts the app itself
     */
    public App build() {
        if (runner.isOwnedByProcess()) {
            throw new IllegalStateException(
                    "App '" + app.name() + "' is built by App.run; leave out the call of build()");
        }
        return app;
    }

    private AppBuilder limit(Limit limit, Duration value) {
        return set("limits", settings -> settings.with(limit, value));
    }

    private AppBuilder set(String what, UnaryOperator<Settings> change) {
        if (!runner.set(change)) {
            throw tooLate(what + " can be set");
        }
        return this;
    }

    private static Duration ofItsOwn(String name, Duration limit) {
        return Limit.positive("limit of '" + name + "'", limit);
    }

    private void admit(String what, boolean admitted) {
        if (!admitted) {
            throw tooLate(what + " can be added");
        }
    }

    private IllegalStateException tooLate(String what) {
        return new IllegalStateException(
                "App '" + app.name() + "' is " + app.state() + "; " + what + " only before start");
    }
}
