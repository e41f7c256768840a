package io.lifecycle4j;

/**
 * Something to do once everything has started.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface StartedCallback {

    /**
     * Does it. Runs once, on the thread that starts the app, after all servers and tasks have started and before the app is
     * RUNNING. It is interrupted when a shutdown is asked for meanwhile.
     *
     * @param app the app that has started
     * @throws Exception if the app cannot run: its start has failed then
     */
    void run(AppView app) throws Exception;
}
