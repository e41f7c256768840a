package io.lifecycle4j.jetty;

/**
 * What a {@link JettyServer} does with new requests while its app drains.
 *
 * @since 0.1
 */
public enum DrainPolicy {
    /** New requests are rejected: 503 with {@code Retry-After}, unless set otherwise. The default. */
    REJECT,

    /**
     * New requests are served, with {@code Connection: close} on HTTP/1.1, until no request is in flight or the drain's limit has come, and
     * rejected after that. Upgrades are rejected from the beginning. For a server whose clients have no other server to go to.
     */
    SERVE_UNTIL_IDLE,

    /**
     * New requests are served until STOP, and DRAIN waits for none of them: for health, metrics and status. At STOP, requests in flight
     * and WebSocket sessions have half of the stop's limit to end.
     */
    ALWAYS_OPEN,

    /**
     * From the first moment of DRAIN no new connection is accepted: newcomers wait in the operating system's queue for the next process, for a
     * server with an {@linkplain JettyServer#inheritedSocket inherited socket}, which outlives this one. Requests on connections that are
     * open already are served, with {@code Connection: close} on HTTP/1.1, until no request has come for 100 ms or the drain's limit has come,
     * and rejected after that; upgrades are rejected from the beginning. If there was no socket to inherit, this is {@link #REJECT}.
     */
    STOP_ACCEPTING
}
