package io.lifecycle4j.jetty;

import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.jspecify.annotations.Nullable;

/**
 * Closes the HTTP/1.1 connections whose clients drip a header, or the handshake of TLS before it. Looks at each connection once a second,
 * since Jetty has no event for a part of a header: bytes move on a connection, and no request comes of it. Used by one thread at a time.
 */
final class SlowHeaders {
    // Each of two readings of the clock is rounded to milliseconds.
    private static final long TOLERANCE = TimeUnit.MILLISECONDS.toNanos(5);

    /**
     * A connection that awaits a request.
     *
     * @param requests how many came before
     * @param quietSince when, at the latest, the last byte had come or gone as it was seen so first
     * @param movingSince when a byte after that was seen first; null before
     */
    private record Wait(
            long requests, long quietSince, @Nullable Long movingSince) {

        Wait seenAt(long now, long activeAtTheEarliest) {
            return movingSince == null && activeAtTheEarliest - quietSince > TOLERANCE
                    ? new Wait(requests, quietSince, now)
                    : this;
        }
    }

    private final OpenConnections connections;
    private final Duration limit;
    private IdentityHashMap<EndPoint, Wait> waits = new IdentityHashMap<>();

    SlowHeaders(OpenConnections connections, Duration limit) {
        this.connections = connections;
        this.limit = limit;
    }

    /** @param inFlight the connections of the requests in flight */
    void closeLate(Stream<Connection> inFlight) {
        Set<Connection> busy = OpenConnections.identities(inFlight);
        IdentityHashMap<EndPoint, Wait> still = new IdentityHashMap<>();
        connections
                .endPoints()
                .filter(endPoint -> OpenConnections.awaitsRequest(OpenConnections.http(endPoint), busy))
                .forEach(endPoint -> {
                    Wait wait = look(endPoint);
                    if (wait.movingSince != null && System.nanoTime() - wait.movingSince > limit.toNanos()) {
                        OpenConnections.closeSilently(endPoint);
                    } else {
                        still.put(endPoint, wait);
                    }
                });
        waits = still;
    }

    private Wait look(EndPoint endPoint) {
        // The thread may be held up between two readings of the clock, which must not look like a byte.
        long before = System.nanoTime();
        long idle = TimeUnit.MILLISECONDS.toNanos(OpenConnections.idleMillis(endPoint));
        long after = System.nanoTime();
        long requests = OpenConnections.http(endPoint).getMessagesIn();
        Wait known = waits.get(endPoint);
        return known != null && known.requests == requests
                ? known.seenAt(after, before - idle)
                : new Wait(requests, after - idle, null);
    }
}
