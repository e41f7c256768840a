package io.lifecycle4j;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Takes what an app consists of. Servers start in the order of registration; resources close in the reverse order.
 *
 * <p>Thread-safe, though meant for one thread. Everything can be registered until the start, and nothing after it. A
 * resource that comes when a shutdown has already begun is closed at once, then refused.
 *
 * @since 0.1
 */
public final class AppBuilder {
    private final App app;

    AppBuilder(App app) {
        this.app = app;
    }

    /**
     * Sets the deadline of the whole shutdown, from the first reason to the exit; default 25 s, so that Kubernetes'
     * grace period of 30 s is never reached. When it passes, {@link App#run} halts the JVM.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder shutdownTimeout(Duration limit) {
        return limit("shutdownTimeout", limit, app.limits().withShutdown(limit));
    }

    /**
     * Sets how long requests are still served while readiness is already red, so that load balancers catch up; default
     * zero. An app that was never RUNNING does not wait.
     *
     * @throws IllegalArgumentException if negative
     */
    public AppBuilder announceDelay(Duration delay) {
        return limit("announceDelay", delay, app.limits().withAnnounce(delay));
    }

    /**
     * Sets how long requests in flight may take to finish; default 10 s.
     *
     * @throws IllegalArgumentException if negative
     */
    public AppBuilder drainTimeout(Duration limit) {
        return limit("drainTimeout", limit, app.limits().withDrain(limit));
    }

    /**
     * Sets how long each server may take to stop; default 5 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder stopTimeout(Duration limit) {
        return limit("stopTimeout", limit, app.limits().withStop(limit));
    }

    /**
     * Sets how long each shutdown callback may take that has no limit of its own; default 3 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder callbackTimeout(Duration limit) {
        return limit("callbackTimeout", limit, app.limits().withCallback(limit));
    }

    /**
     * Sets how long each resource may take to close; default 5 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public AppBuilder releaseTimeout(Duration limit) {
        return limit("releaseTimeout", limit, app.limits().withRelease(limit));
    }

    /**
     * Sets within which time a repetition of the same signal counts as its echo; default 50 ms, for wrappers that deliver
     * one Ctrl+C twice. Zero counts every signal. Only {@link App#run} handles signals.
     *
     * @throws IllegalArgumentException if negative
     */
    public AppBuilder ignoreRepeatedSignalsWithin(Duration window) {
        Limits.notNegative("ignoreRepeatedSignalsWithin", window);
        checkIsNew("limits");
        app.echoWindow(window);
        return this;
    }

    /**
     * Sets the exit status of {@link App#run}; default 0 for a CLEAN report, else 1. One that throws gives 1. It is not asked
     * on a forced exit, whose status is 1.
     */
    public AppBuilder exitStatus(ToIntFunction<ShutdownReport> status) {
        Names.notNull("exit status function", status);
        checkIsNew("the exit status");
        app.exitStatus(status);
        return this;
    }

    /** Registers a server and returns it. */
    public <S extends ManagedServer> S server(S server) {
        admit("servers", app.components().add(Names.notNull("server", server)));
        return server;
    }

    /**
     * Registers a background worker, to be started in its place among the servers; a return of its own is the end of its work.
     *
     * @param name unique among servers and tasks; not blank
     */
    public AppBuilder task(String name, Task task) {
        return task(name, Task.OnReturn.KEEP_RUNNING, task);
    }

    /** Like {@link #task(String, Task)}, and says what it means when the task returns before a shutdown. */
    public AppBuilder task(String name, Task.OnReturn onReturn, Task task) {
        Names.notNull("task", task);
        server(new BackgroundTask(name, Names.notNull("onReturn", onReturn), task, app));
        return this;
    }

    /**
     * Registers a resource, to be closed in RELEASE, and returns it.
     *
     * @param name unique among resources and executors; not blank
     */
    public <R extends AutoCloseable> R resource(String name, R resource) {
        Names.notNull("resource", resource);
        if (resource instanceof ExecutorService executor) { // it is one from 19 on, and its close() waits a day
            executor(name, executor);
        } else {
            release(name, context -> resource.close());
        }
        return resource;
    }

    /**
     * Registers an executor, to be ended in RELEASE, and returns it: it accepts nothing new, what it has may finish, and is
     * interrupted when a fifth of the limit is left.
     *
     * @param name unique among resources and executors; not blank
     */
    public <E extends ExecutorService> E executor(String name, E executor) {
        Names.notNull("executor", executor);
        release(name, context -> end(name, executor, context));
        return executor;
    }

    private void release(String name, ShutdownCallback release) {
        Names.checked("resource", name);
        if (!app.components().add(new Components.Resource(name, release))) {
            IllegalStateException refusal = tooLate("resources can be added");
            if (app.isShuttingDown()) { // nobody else would release it
                releaseRefused(release, refusal);
            }
            throw refusal;
        }
    }

    private static void end(String name, ExecutorService executor, ShutdownContext context) throws Exception {
        executor.shutdown();
        long patience = context.remaining().toNanos();
        int queued = 0;
        try {
            if (executor.awaitTermination(patience / 5 * 4, TimeUnit.NANOSECONDS)) {
                return;
            }
            queued = executor.shutdownNow().size();
            if (executor.awaitTermination(patience, TimeUnit.NANOSECONDS) && queued == 0) {
                return;
            }
        } catch (InterruptedException atTheStepsLimit) {
            queued += executor.shutdownNow().size();
        }
        throw new TimeoutException("executor '" + name + "' was not done in time; " + queued + " tasks never began");
    }

    /**
     * Creates a gate without a server, for work that does not come as requests: a queue's consumer, messages on open
     * sockets. It closes when the drain begins, and the drain waits until it is empty.
     *
     * @param name unique among gates; not blank
     */
    public RequestGate gate(String name) {
        RequestGate gate = new RequestGate(name);
        admit("gates", app.components().add(gate));
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
        admit("readiness conditions", app.components().add(Names.checked("readiness condition", name), condition));
        return this;
    }

    /** Registers what is to be done when readiness has turned red, such as leaving a service registry. Runs in ANNOUNCE. */
    public AppBuilder onAnnounce(String name, ShutdownCallback callback) {
        return callback(Phase.ANNOUNCE, name, null, callback);
    }

    /** Like {@link #onAnnounce(String, ShutdownCallback)}, with a limit of its own. */
    public AppBuilder onAnnounce(String name, Duration limit, ShutdownCallback callback) {
        return callback(Phase.ANNOUNCE, name, limit, callback);
    }

    /** Registers what is to be done while requests in flight finish, such as ending streams. Runs in DRAIN. */
    public AppBuilder onDrain(String name, ShutdownCallback callback) {
        return callback(Phase.DRAIN, name, null, callback);
    }

    /** Like {@link #onDrain(String, ShutdownCallback)}, with a limit of its own. */
    public AppBuilder onDrain(String name, Duration limit, ShutdownCallback callback) {
        return callback(Phase.DRAIN, name, limit, callback);
    }

    /** Registers what is to be done when the servers have stopped, such as flushing a cache. Runs in CALLBACKS. */
    public AppBuilder onShutdown(String name, ShutdownCallback callback) {
        return callback(Phase.CALLBACKS, name, null, callback);
    }

    /** Like {@link #onShutdown(String, ShutdownCallback)}, with a limit of its own. */
    public AppBuilder onShutdown(String name, Duration limit, ShutdownCallback callback) {
        return callback(Phase.CALLBACKS, name, limit, callback);
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
        if (app.isOwnedByProcess()) {
            throw new IllegalStateException(
                    "App '" + app.name() + "' is built by App.run; leave out the call of build()");
        }
        return app;
    }

    private AppBuilder limit(String name, Duration value, Limits limits) {
        checkIsNew("limits");
        app.limits(name, value, limits);
        return this;
    }

    private void checkIsNew(String what) {
        if (app.state() != AppState.NEW) {
            throw tooLate(what + " can be set");
        }
    }

    private AppBuilder callback(Phase phase, String name, @Nullable Duration limit, ShutdownCallback callback) {
        Names.checked("callback", name);
        if (limit != null) {
            Limits.positive("limit of '" + name + "'", limit);
        }
        Names.notNull("callback", callback);
        admit("callbacks", app.components().add(new Components.Callback(phase, name, limit, callback)));
        return this;
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

    private void releaseRefused(ShutdownCallback release, IllegalStateException refusal) {
        try {
            long limit = app.limits().release().toNanos();
            release.run(new ShutdownContext(
                    app.lifecycle().stop().reason(), app.clock(), app.clock().nanoTime() + limit));
        } catch (Exception e) {
            refusal.addSuppressed(e);
        }
    }
}
