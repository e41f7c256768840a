package io.lifecycle4j;

/**
 * Lets a server that has started report to its app.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface ServerContext {

    /**
     * Reports that the server has failed while running. The app shuts down with this failure as its reason and status 1.
     * Never blocks; without effect once a shutdown has begun.
     *
     * @param failure what went wrong
     */
    void fail(Throwable failure);
}
