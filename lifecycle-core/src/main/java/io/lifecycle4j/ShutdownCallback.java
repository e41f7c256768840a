package io.lifecycle4j;

/**
 * Something to do in a shutdown, under a limit.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface ShutdownCallback {

    /**
     * Does it. Runs on a daemon thread of its own that bears the step's name. The thread is interrupted shortly before
     * the limit and abandoned at it; the shutdown then goes on without it.
     *
     * @param context tells the reason and what is left of the limit
     * @throws Exception if it failed; the step is FAILED, and the shutdown goes on
     */
    void run(ShutdownContext context) throws Exception;
}
