package io.lifecycle4j.jetty;

/**
 * What a {@link JettyServer} does with new requests while its app drains.
 *
 * @since 0.1
 */
public enum DrainPolicy {
    /** They are rejected: 503 with {@code Retry-After}, unless set otherwise. The default. */
    REJECT,

    /**
     * They are served, with {@code Connection: close} on HTTP/1.1, until there is an instant without any or the drain's limit has come;
     * from then on they are rejected, and so are upgrades from the beginning. For a server behind nothing that would turn elsewhere.
     */
    SERVE_UNTIL_IDLE,

    /**
     * They are served until STOP, and none is waited for in DRAIN: for health, metrics and status. At STOP, requests in flight and
     * WebSocket sessions have half of the stop's limit to end.
     */
    ALWAYS_OPEN
}
