package io.lifecycle4j;

/**
 * A part of a shutdown. Phases run one after another, each once, in the order of the constants.
 *
 * @since 0.1
 */
public enum Phase {
    /** Readiness is red and load balancers are given the time to notice; requests are still served. */
    ANNOUNCE,
    /** Gates are closed: new requests are rejected while those in flight finish. */
    DRAIN,
    /** Servers stop, concurrently. */
    STOP,
    /** Shutdown callbacks run, concurrently. */
    CALLBACKS,
    /** Resources close one after another, the last registered first. */
    RELEASE
}
