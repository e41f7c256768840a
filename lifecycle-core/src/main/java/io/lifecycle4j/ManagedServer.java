package io.lifecycle4j;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A server as an {@link App} sees it; what an adapter implements. The app calls {@link #start}, later {@link #announce},
 * {@link #drain} and {@link #stop}, each at most once and from different threads, one after another.
 *
 * @since 0.1
 */
public interface ManagedServer {

    /** Returns a name that is unique among the app's servers; asked once, when it is registered. */
    String name();

    /**
     * Returns the gates that the app closes when the drain begins and whose requests in flight it waits for. None by
     * default: such a server is not drained, and accepts work until it stops. Asked once, when it is registered.
     */
    default List<RequestGate> gates() {
        return List.of();
    }

    /**
     * Starts. Holds on return: requests are accepted. Runs on the thread that starts the app, and is interrupted when a
     * shutdown is asked for meanwhile.
     *
     * @param context takes the news of a failure while running
     * @throws Exception if it could not start; {@link #stop} is called all the same
     */
    void start(ServerContext context) throws Exception;

    /**
     * Tells the clients of idle connections that the server goes away, so that they move to another one; called when the announce
     * callbacks have run and the delay begins, while all requests are served. Each of the {@link #gates()} {@linkplain RequestGate#isGoingAway() is going away} by then. Not
     * called without an announce delay, nor for a server without gates. Does nothing by default.
     *
     * @param context tells the reason and what is left of the limit, which is the delay and {@code callbackTimeout}
     * @throws Exception if it failed; the shutdown goes on
     */
    default void announce(ShutdownContext context) throws Exception {}

    /**
     * Ends what is open beside the requests that its gates count, such as WebSocket sessions; called when the gates have
     * been closed, while requests in flight finish. Does nothing by default.
     *
     * @param context tells the reason and what is left of the drain
     * @throws Exception if it failed; the shutdown goes on
     */
    default void drain(ShutdownContext context) throws Exception {}

    /**
     * Stops. Also called after a start that threw or was interrupted.
     *
     * @param context tells the reason and what is left
     * @throws Exception if it failed; the shutdown goes on
     */
    void stop(ShutdownContext context) throws Exception;

    /**
     * Returns a server that runs the code of this one over nothing. Once the app is RUNNING, {@link App#run} rehearses its shutdown: in the
     * background, understudies are started, announced, drained and stopped, so that the real shutdown finds its code loaded and linked, and does
     * not wait for that. An understudy must open nothing and log nothing, and end at once; what it throws is dropped. Null by default: then the
     * code of this server is not rehearsed. Of several servers of one class, one is asked.
     */
    default @Nullable ManagedServer understudy() {
        return null;
    }

    /**
     * Names the work in flight, one line each, without secrets: for the log when the drain's limit has passed.
     * None by default.
     */
    default List<String> inFlight() {
        return List.of();
    }
}
