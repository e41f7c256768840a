package io.lifecycle4j.jetty;

import io.lifecycle4j.RequestGate;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.IdleTimeout;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.NegotiatingServerConnection;
import org.eclipse.jetty.server.Server;

/** The open connections of a server: finds out which of them are idle, and closes those. */
final class OpenConnections {
    // A client whose next request follows its last one closely has sent it within this time.
    static final Duration QUIET = Duration.ofMillis(100);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final Server server;

    OpenConnections(Server server) {
        this.server = server;
    }

    /**
     * Closes the HTTP/1.1 connections that have carried a request, carry none now and have been quiet. A connection that has never carried
     * a request is left open: its client would see the end of a connection that it has just opened, and could not tell why.
     *
     * @param inFlight the connections of the requests in flight
     */
    void closeIdle(Stream<Connection> inFlight) {
        Set<Connection> busy = identities(inFlight);
        endPoints()
                .filter(endPoint -> isQuiet(endPoint)
                        && awaitsRequest(http(endPoint), busy)
                        && http(endPoint).getMessagesIn() > 0)
                .forEach(OpenConnections::closeSilently);
    }

    /**
     * Waits until no request is in flight and nothing has been read or written for a while, or the given time has come. Even without a
     * connection it waits for that while: one that was accepted just before may not be among the open ones yet. Looks again and again,
     * since Jetty has no event for a connection that becomes idle.
     */
    void awaitQuiet(RequestGate gate, long until) throws InterruptedException {
        long earliest = System.nanoTime() + QUIET.toNanos();
        while (System.nanoTime() < until
                && (System.nanoTime() < earliest || gate.inFlight() > 0 || !areQuiet())
                && !gate.awaitDrained(LOOK_AGAIN)) {}
    }

    /** Returns whether nothing has been read or written for a while, on any connection. */
    boolean areQuiet() {
        return endPoints().allMatch(OpenConnections::isQuiet);
    }

    /** Closes all connections, without waiting for their peers; returns at the given time at the latest, but for what a close takes. */
    void closeAll(long until) throws InterruptedException {
        // First, since a handler that writes to one of these may hold the thread of a selector.
        open().filter(endPoint -> !isIdle(http(endPoint))).forEach(OpenConnections::close);
        letCloseIdle(server.getContainedBeans(ManagedSelector.class), until);
        open().forEach(OpenConnections::close);
    }

    private Stream<EndPoint> open() {
        return endPoints().filter(EndPoint::isOpen);
    }

    private static void close(EndPoint endPoint) {
        Connection connection = http(endPoint);
        if (connection == null) {
            endPoint.close();
        } else if (isIdle(connection)) {
            closeSilently(endPoint);
        } else {
            Peers.close(endPoint.getConnection());
        }
    }

    /** Has each selector close its idle connections on its own thread, side by side; returns when all have, or the time has come. */
    static void letCloseIdle(Collection<ManagedSelector> selectors, long until) throws InterruptedException {
        CountDownLatch closing = new CountDownLatch(selectors.size());
        for (ManagedSelector each : selectors) {
            each.submit(selector -> {
                try {
                    closeIdleOf(selector);
                } finally {
                    closing.countDown();
                }
            });
        }
        // A handler that holds a selector's thread keeps it from closing anything.
        boolean unused = closing.await(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    // A channel that its selector still knows takes five system calls to close, one of them to wake the selector. So
    // all are taken out first.
    private static void closeIdleOf(Selector selector) {
        List<EndPoint> idle = new ArrayList<>();
        for (SelectionKey key : selector.keys()) {
            if (key.attachment() instanceof EndPoint endPoint && isIdle(endPoint.getConnection())) {
                key.cancel();
                idle.add(endPoint);
            }
        }
        try {
            selector.selectNow();
        } catch (IOException e) {
            // then to close them takes the longer way
        }
        idle.forEach(EndPoint::close);
    }

    private static boolean isIdle(Connection connection) {
        return awaitsRequest(connection, Set.of()) && connection.getMessagesIn() == connection.getMessagesOut();
    }

    Stream<EndPoint> endPoints() {
        return Stream.of(server.getConnectors())
                .flatMap(connector -> List.copyOf(connector.getConnectedEndPoints()).stream());
    }

    /** Returns whether nothing was read or written for {@link #QUIET}. */
    static boolean isQuiet(EndPoint endPoint) {
        return idleMillis(endPoint) >= QUIET.toMillis();
    }

    /** Returns for how long nothing was read or written. */
    static long idleMillis(EndPoint endPoint) {
        return endPoint instanceof IdleTimeout activity ? activity.getIdleFor() : Long.MAX_VALUE;
    }

    static Set<Connection> identities(Stream<Connection> connections) {
        return connections.collect(Collectors.toCollection(() -> Collections.newSetFromMap(new IdentityHashMap<>())));
    }

    /**
     * Returns whether a connection of HTTP/1.1 waits for a client to send a request.
     *
     * @param busy the connections of requests in flight, for a body is waited for in the same way
     */
    static boolean awaitsRequest(Connection connection, Set<Connection> busy) {
        return (Peers.isHttp1(connection) || connection instanceof NegotiatingServerConnection)
                && connection instanceof AbstractConnection waiting
                && waiting.isFillInterested()
                && !busy.contains(connection);
    }

    static Connection http(EndPoint endPoint) {
        Connection connection = endPoint.getConnection();
        return connection instanceof SslConnection tls ? tls.getSslEndPoint().getConnection() : connection;
    }

    /** Closes a connection that awaits a request. Told to close itself, it would answer a part of a header with 500. */
    static void closeSilently(EndPoint endPoint) {
        http(endPoint).getEndPoint().close();
    }
}
