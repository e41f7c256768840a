package io.lifecycle4j.jetty;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.lifecycle4j.RequestGate;
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
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * Takes leave of a server's peers, whatever they speak: tells them that it goes, waits until they have everything, and names those
 * who have not at the end.
 */
final class Peers {
    private static final Duration LONGEST_SPREAD = Duration.ofSeconds(2);
    // A handful of clients that come back at once is no stampede, and nobody should wait for two of them.
    private static final Duration PACE = Duration.ofMillis(1);
    // A smaller response is in the peer's hands, or its system's, before its connection could be closed.
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
                // Some patches of 12.1 keep a container as an attribute only.
                @Override
                public void lifeCycleStarting(LifeCycle event) {
                    server.getAttributeNameSet()
                            .forEach(name -> containers.beanAdded(server, server.getAttribute(name)));
                }
            });
        }
    }

    /** A response of the given length has ended while the server drains; to be called before its request has left the gate. */
    void served(Connection connection, long bytes) {
        if (http2 != null && Http2Drain.isHttp2(connection)) {
            if (bytes >= LARGE) {
                readers.served(connection, bytes);
            }
            http2.streamEnded(connection);
        } else if (bytes >= LARGE && connection.getEndPoint().isOutputShutdown()) {
            readers.servedLast(connection, bytes);
        }
    }

    /** A request was rejected, and its response has ended. */
    void rejected(Connection connection) {
        if (http2 != null && Http2Drain.isHttp2(connection)) {
            http2.streamEnded(connection);
        }
    }

    static boolean isHttp1(Request request) {
        return request.getConnectionMetaData().getHttpVersion().compareTo(HttpVersion.HTTP_1_1) <= 0;
    }

    /**
     * Takes leave, within the given limit; the gate is closed, or closes when it is idle. Whoever has not got everything by then
     * is cut, and named in the report; requests in flight are the gate's to name.
     */
    void drain(ShutdownContext context, RequestGate gate, Duration limit) throws Exception {
        long until = System.nanoTime() + limit.toNanos();
        try {
            try {
                if (http2 != null) {
                    http2.begin();
                }
                options.beforeClose.run(context);
            } finally {
                boolean unused = Thread.interrupted(); // meant for the callback
                upgraded.tellAll(sessions -> spread(sessions, until));
                // Before that, an upgrade that is in flight could open a connection which nobody waits for.
                boolean drained = gate.awaitDrained(left(until));
                if (drained && http2 != null) {
                    http2.tellTheRest();
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

    /** Cuts those who came too late for the drain; waits until the given time for the readers of responses that have ended since. */
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

    /** Somebody was cut in the drain, and not by it. */
    void wasCut(String name) {
        synchronized (cut) {
            cut.add(name);
        }
    }

    private Duration spread(int sessions, long until) {
        Duration left = left(until);
        Duration most = left.multipliedBy(8).dividedBy(10); // all are told, whatever was asked for
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

    /** Closes a connection as its protocol wants it: TLS says close_notify. Never blocks, never throws. */
    static void close(Connection connection) {
        try {
            connection.close();
        } catch (RuntimeException e) { // of an upgrade's own making; the others are to be closed all the same
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
