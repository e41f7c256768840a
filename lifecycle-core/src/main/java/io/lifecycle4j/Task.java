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
     * Makes a task that is asked to end, instead of being interrupted, and that a shutdown waits for in DRAIN, before
     * any server stops: the consumer of a queue, which commits what it has in hand.
     *
     * <pre>{@code
     * app.task("orders", Task.stoppedBy(consumer::wakeup, view -> pollUntilWokenUp(consumer)));
     * }</pre>
     *
     * <p>When DRAIN begins, {@code stop} is called once, on the thread of the step, and the task has until the drain's limit to
     * return; what it throws from then on makes the step FAILED. A task that has not returned by then makes the step TIMED_OUT, and
     * is interrupted in STOP like any other.
     *
     * @param stop asks for the end, from another thread, and does not wait for it
     * @param work the task
     */
    static Task stoppedBy(Runnable stop, Task work) {
        return new StoppableTask(Names.notNull("stop", stop), Names.notNull("work", work));
    }

    /**
     * Works until it is done or the app stops. Runs on a daemon thread that bears the task's name. It learns of a shutdown
     * from {@link AppView#isShuttingDown()} or {@link AppView#whenShuttingDown()} at its very beginning, is interrupted when STOP
     * begins, and abandoned at {@code stopTimeout}, or at its own limit.
     *
     * @param app the app it works for
     * @throws Exception if it failed: the app shuts down with this as its reason; not so once a shutdown has begun
     */
    void run(AppView app) throws Exception;
}
