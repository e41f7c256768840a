package io.lifecycle4j;

/**
 * Where an app is in its life. It moves forward only; the order of the constants is the only order.
 *
 * @since 0.1
 */
public enum AppState {
    /** Being set up: nothing has started. */
    NEW,
    /** Servers are being started, in the order of their registration. */
    STARTING,
    /** Everything has started, and nobody has asked for a shutdown. */
    RUNNING,
    /** A shutdown was asked for: from the very call on, before any phase has begun. */
    STOPPING,
    /** The whole sequence has run and the report is there. */
    STOPPED
}
