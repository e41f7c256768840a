package io.lifecycle4j;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The state of one app: one immutable snapshot, changed here and nowhere else.
 *
 * <p>Any thread may ask to stop; the first whose compare-and-set takes the snapshot to STOPPING has given the reason.
 * {@code starting} and {@code started} belong to the thread that starts the app and lose to a stop; {@code enter} and
 * {@code stopped} belong to the one thread that runs the sequence.
 */
final class Lifecycle {
    /** Why and when (on the app's clock) a shutdown was asked for, and whether the app was RUNNING then. */
    record Stop(ShutdownReason reason, long since, boolean wasRunning) {}

    record Snapshot(
            AppState state, @Nullable Phase phase, @Nullable Stop stop) {}

    private final String name;
    private final Clock clock;
    private final Events events;
    private final AtomicReference<Snapshot> snapshot = new AtomicReference<>(new Snapshot(AppState.NEW, null, null));
    private final CompletableFuture<ShutdownReason> shuttingDown = new CompletableFuture<>();
    private final CompletableFuture<ShutdownReport> stopped = new CompletableFuture<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile @Nullable ShutdownReport report;

    Lifecycle(String name, Clock clock, Events events) {
        this.name = name;
        this.clock = clock;
        this.events = events;
    }

    String name() {
        return name;
    }

    Snapshot snapshot() {
        return Objects.requireNonNull(snapshot.get());
    }

    AppState state() {
        return snapshot().state();
    }

    boolean isShuttingDown() {
        return state().compareTo(AppState.STOPPING) >= 0;
    }

    /** Returns false if a stop was asked for before; throws if it was started before. */
    boolean starting() {
        Snapshot before = snapshot();
        if (before.state() == AppState.STARTING || before.state() == AppState.RUNNING) {
            throw new IllegalStateException(
                    "App '" + name + "' is " + before.state() + "; it can be started only once, from NEW");
        }
        return before.state() == AppState.NEW && move(before, AppState.STARTING);
    }

    /** Returns false if a stop was asked for meanwhile. */
    boolean started() {
        Snapshot before = snapshot();
        return before.state() == AppState.STARTING && move(before, AppState.RUNNING);
    }

    /** Returns whether this reason is the first. Never blocks. */
    boolean requestStop(ShutdownReason reason) {
        return requestStop(reason, AppState.RUNNING);
    }

    /** Like {@link #requestStop(ShutdownReason)}, and has no effect on an app that is RUNNING by now. */
    boolean requestStopOfStart(ShutdownReason reason) {
        return requestStop(reason, AppState.STARTING);
    }

    private boolean requestStop(ShutdownReason reason, AppState latest) {
        long now = clock.nanoTime();
        while (true) {
            Snapshot before = snapshot();
            if (before.state().compareTo(latest) > 0) {
                return false;
            }
            Stop stop = new Stop(reason, now, before.state() == AppState.RUNNING);
            if (snapshot.compareAndSet(before, new Snapshot(AppState.STOPPING, null, stop))) {
                return true;
            }
        }
    }

    /** Completes the stages that wait for the shutdown to begin. */
    void announceStop(SpareThreads threads) {
        recordState();
        complete(shuttingDown, stop().reason(), threads);
    }

    /** Returns what is known once a shutdown was asked for. */
    Stop stop() {
        return Objects.requireNonNull(snapshot().stop(), "no shutdown was asked for");
    }

    /** Null while no shutdown was asked for. */
    @Nullable
    Duration timeSinceStop() {
        Stop stop = snapshot().stop();
        return stop == null ? null : Duration.ofNanos(clock.nanoTime() - stop.since());
    }

    void enter(Phase phase) {
        snapshot.updateAndGet(now -> new Snapshot(now.state(), phase, now.stop()));
        recordState();
    }

    void stopped(ShutdownReport outcome, SpareThreads threads) {
        report = outcome;
        snapshot.updateAndGet(now -> new Snapshot(AppState.STOPPED, null, now.stop()));
        recordState();
        end.countDown();
        complete(stopped, outcome, threads);
    }

    /** Waits for STOPPED; an interrupt does not end the wait, it is kept for later. */
    ShutdownReport awaitStopped() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    end.await();
                    return Objects.requireNonNull(report);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // Each stage that is handed out completes on a thread of its own: a dependent that blocks holds up no other stage.
    CompletionStage<ShutdownReason> whenShuttingDown() {
        return shuttingDown.thenApplyAsync(reason -> reason, this::onThread).minimalCompletionStage();
    }

    CompletionStage<ShutdownReport> whenStopped() {
        return stopped.thenApplyAsync(outcome -> outcome, this::onThread).minimalCompletionStage();
    }

    // On a thread of its own: dependents are code of the user's, and there may be many. Where no thread can be had, not
    // even the place
    // of a spare one, they never run: on this thread they could stop the shutdown.
    private <T> void complete(CompletableFuture<T> stage, T value, SpareThreads threads) {
        if (stage.getNumberOfDependents() == 0) {
            stage.complete(value);
            return;
        }
        try {
            threads.start(Threads.create(name + "-event", () -> stage.complete(value)));
        } catch (Throwable e) {
            // no memory either
        }
    }

    private void onThread(Runnable work) {
        Threads.create(name + "-event", work).start();
    }

    // Fails only against a stop, since one thread alone starts an app; a second caller of start() loses here, too.
    private boolean move(Snapshot before, AppState state) {
        boolean moved = snapshot.compareAndSet(before, new Snapshot(state, null, null));
        if (moved) {
            events.state(name, state, null);
        }
        return moved;
    }

    private void recordState() {
        Snapshot now = snapshot();
        events.state(name, now.state(), now.phase());
    }
}
