package io.lifecycle4j.jetty;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.lifecycle4j.ShutdownContext;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * Drains a server's connections, whatever their protocol: tells the peers that the server goes away, waits until they have everything, and
 * cuts and names those that have not at the limit.
 */
final class Peers {
    private static final Duration LONGEST_SPREAD = Duration.ofSeconds(2);
    // The spread grows with the sessions: a few clients may come back at once, and need not make a shutdown longer.
    private static final Duration PACE = Duration.ofMillis(1);
    // The peer, or its operating system, has a smaller response before the connection could be closed.
    private static final long LARGE = 64 << 10;

    private final Server server;
    final UpgradedConnections upgraded = new UpgradedConnections();
    private final Readers readers = new Readers();
    private final WebSocketOptions options;
    private final @Nullable Http2Drain http2;

    @GuardedBy("cut")
    private final List<String> cut = new ArrayList<>();

    Peers(Server server, WebSocketOptions options) {
        this.server = server;
        this.options = options;
        this.http2 = Http2Drain.isAvailable() ? new Http2Drain(server, readers) : null;
        if (WebSocketContainers.isAvailable()) {
            WebSocketContainers containers = new WebSocketContainers(upgraded, options);
            server.addEventListener(containers);
            server.addEventListener(new LifeCycle.Listener() {
                // Some patch releases of Jetty 12.1 keep a container as an attribute only, and not as a bean.
                @Override
                public void lifeCycleStarting(LifeCycle event) {
                    server.getAttributeNameSet()
                            .forEach(name -> containers.beanAdded(server, server.getAttribute(name)));
                }
            });
        }
    }

    /** Waits until the gate is drained, or the given time has come; returns whether it is drained. */
    @FunctionalInterface
    interface GateWait {
        boolean await(long until) throws InterruptedException;
    }

    /**
     * Notes that a response of the given length has ended, during the drain or, if not draining, the announce delay; called before its
     * request leaves the gate.
     */
    void served(Connection connection, long bytes, boolean draining) {
        if (http2 != null && isHttp2(connection)) {
            if (!draining) {
                http2.streamEndedInAnnounce(connection);
                return;
            }
            if (bytes >= LARGE) {
                readers.served(connection, bytes);
            }
            http2.streamEnded(connection);
        } else if (bytes >= LARGE && connection.getEndPoint().isOutputShutdown()) {
            readers.servedLast(connection, bytes);
        }
    }

    /** Notes that a request was rejected and that its response has ended. */
    void rejected(Connection connection) {
        if (http2 != null && isHttp2(connection)) {
            http2.streamEnded(connection);
        }
    }

    // HTTP/1.1 is asked first, or the last response of such a server would wait for HTTP/2's classes to be loaded.
    private static boolean isHttp2(Connection connection) {
        return !isHttp1(connection) && Http2Drain.isHttp2(connection);
    }

    static boolean isHttp1(Connection connection) {
        return connection instanceof ConnectionMetaData http && http.getHttpVersion() != HttpVersion.HTTP_2;
    }

    static boolean isHttp1(Request request) {
        return request.getConnectionMetaData().getHttpVersion().compareTo(HttpVersion.HTTP_1_1) <= 0;
    }

    /**
     * Tells the peers of idle connections that the announce delay has begun. On HTTP/1.1 an idle connection cannot be told: it stays open
     * until the delay has ended.
     */
    void announce() {
        if (http2 != null) {
            http2.announceToIdle();
        }
    }

    /**
     * Tells all peers and waits until they have everything, at most for the given limit. A peer that has not got everything by then is cut
     * and named in the report; requests in flight at the limit are named by {@link JettyServer#inFlight}. The gate is
     * closed, or closes while it is waited for.
     */
    void drain(ShutdownContext context, GateWait gate, Duration limit) throws Exception {
        long until = System.nanoTime() + limit.toNanos();
        try {
            try {
                if (http2 != null) {
                    http2.tellIdle();
                }
                options.beforeClose.run(context);
            } finally {
                // An interrupt up to here was for the callback.
                boolean unused = Thread.interrupted();
                upgraded.tellAll(sessions -> spread(sessions, until));
                // The gate is waited for before the connections, since an upgrade in flight may still open one.
                boolean drained = gate.await(until);
                if (drained && http2 != null) {
                    http2.tellRemaining();
                }
                upgraded.awaitClosed(until);
                readers.await(until);
            }
        } finally {
            cut(context);
            String note = upgraded.note();
            if (note != null) {
                context.note(note);
            }
        }
    }

    /** Waits until the given time for the readers of responses that have ended since the drain; then cuts the peers that are left. */
    void cutLate(ShutdownContext context, long until) throws InterruptedException {
        try {
            readers.await(until);
        } finally {
            cut(context);
        }
    }

    private void cut(ShutdownContext context) {
        context.cut(upgraded.cut(server.getThreadPool()));
        context.cut(readers.cut());
        synchronized (cut) {
            context.cut(List.copyOf(cut));
            cut.clear();
        }
    }

    /** Adds the name of a peer that Jetty, and not this class, has cut during the drain. */
    void wasCut(String name) {
        synchronized (cut) {
            cut.add(name);
        }
    }

    private Duration spread(int sessions, long until) {
        Duration left = left(until);
        // The rest of the limit is for the answers.
        Duration most = left.multipliedBy(8).dividedBy(10);
        return options.closeOver != null
                ? shortest(options.closeOver, most)
                : shortest(left.dividedBy(5), LONGEST_SPREAD, PACE.multipliedBy(sessions));
    }

    private static Duration shortest(Duration... durations) {
        return Collections.min(List.of(durations));
    }

    static Duration left(long until) {
        return Duration.ofNanos(Math.max(0, until - System.nanoTime()));
    }

    /** Closes a connection as its protocol demands: TLS sends close_notify first. Never blocks, never throws. */
    static void close(Connection connection) {
        try {
            connection.close();
        } catch (RuntimeException e) {
            // A user's own kind of connection has failed; the caller goes on to close the others.
            connection.getEndPoint().close();
        }
    }

    static String addressOf(Connection connection) {
        EndPoint endPoint = connection.getEndPoint();
        SocketAddress address = endPoint.getRemoteSocketAddress();
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
                : String.valueOf(address);
    }
}
