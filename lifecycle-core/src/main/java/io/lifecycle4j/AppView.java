package io.lifecycle4j;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A view of an app for its request handlers: they can read everything and change nothing.
 *
 * <p>All methods are safe from any thread and take no lock. Only {@link #isReady()} and {@link #redConditions()} may block. A long poll
 * or a stream uses them to end early.
 *
 * @since 0.1
 */
public interface AppView {

    /** Returns the name given at the start. */
    String name();

    /** Returns the state. */
    AppState state();

    /** Returns the phase of the running shutdown; null before it and after it. */
    @Nullable
    Phase phase();

    /**
     * Returns whether new work is welcome: the app is RUNNING and every readiness condition holds. A condition that throws, or does not
     * answer within 500 ms, does not hold; this method blocks for that long at most, and only if there are conditions.
     */
    boolean isReady();

    /**
     * Returns the names of the readiness conditions that do not hold, in the order of their registration; evaluates them as {@link
     * #isReady()} does, and may block for as long.
     */
    List<String> redConditions();

    /**
     * Returns how many requests are in flight at the servers' gates; see {@link RequestGate#inFlight()}. The gates of schedulers, and those
     * without a server, count work of another kind; {@link #inFlightByGate()} has them, too.
     */
    long inFlight();

    /** Returns how much is in flight at each gate, by the gate's name, in the order of registration. */
    Map<String, Long> inFlightByGate();

    /** Returns whether a shutdown has been asked for; stays true once it is. */
    boolean isShuttingDown();

    /** Returns how long ago the shutdown was asked for; null while none is. It goes on growing once the app is STOPPED. */
    @Nullable
    Duration timeSinceShutdownBegan();

    /**
     * Returns a stage that completes when a shutdown is asked for. What depends on it runs on a thread of its own, so it
     * may block or throw without harm to the shutdown; it cannot be completed from outside.
     * Ask once, in the setup, and not for each request: a stage lives as long as the app, and costs a thread at its end.
     */
    CompletionStage<ShutdownReason> whenShuttingDown();

    /** Returns a stage that completes when the app is STOPPED, under the same rules as {@link #whenShuttingDown()}. */
    CompletionStage<ShutdownReport> whenStopped();
}
