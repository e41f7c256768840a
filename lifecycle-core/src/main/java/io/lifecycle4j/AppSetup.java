package io.lifecycle4j;

/**
 * Registers what an app consists of; given to {@link App#run(String, AppSetup)}.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface AppSetup {

    /**
     * Registers servers, callbacks and resources, and sets limits. Runs once, on the thread that called {@code run},
     * with the signal handlers in place. It is interrupted when a shutdown is asked for meanwhile.
     *
     * @param app takes the registrations
     * @throws Exception if the app cannot be set up; what was registered so far is released, and the status is 1
     */
    void configure(AppBuilder app) throws Exception;
}
