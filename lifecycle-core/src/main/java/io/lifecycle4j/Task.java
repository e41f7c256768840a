package io.lifecycle4j;

/**
 * A background worker that an app starts, watches and stops.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface Task {

    /** What the end of a task means for its app, if it comes before a shutdown. A task that throws always ends the app. */
    enum OnReturn {
        /** Nothing: the task has done its work. */
        KEEP_RUNNING,
        /** The app shuts down: without this task it is of no use. */
        SHUT_DOWN
    }

    /**
     * Works until it is done or the app stops. Runs on a daemon thread that bears the task's name. It learns of a shutdown
     * from {@link AppView#isShuttingDown()} or {@link AppView#whenShuttingDown()} at its very beginning, is interrupted when STOP
     * begins, and abandoned at {@code stopTimeout}.
     *
     * @param app the app it works for
     * @throws Exception if it failed: the app shuts down with this as its reason; not so once a shutdown has begun
     */
    void run(AppView app) throws Exception;
}
