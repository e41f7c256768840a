package io.lifecycle4j.jetty;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http2.HTTP2Connection;
import org.eclipse.jetty.http2.HTTP2Session;
import org.eclipse.jetty.http2.SessionContainer;
import org.eclipse.jetty.http2.frames.GoAwayFrame;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.IdleTimeout;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

/**
 * Takes leave on HTTP/2 connections. The one class that names HTTP/2's types, used only where a connector speaks it.
 *
 * <p>It says GOAWAY by a frame of its own: Jetty's way closes the connection as soon as the last response is with the operating system. What
 * the peer says while it still reads, a window's update for one, then resets the connection, and the rest of the response is lost.
 * A peer that was told closes by itself when it has all.
 */
final class Http2Drain {
    private static final Duration RECENT = Duration.ofSeconds(1);

    private final Server server;

    Http2Drain(Server server) {
        this.server = server;
    }

    static boolean isUsedBy(Server server) {
        return List.of(server.getConnectors()).stream()
                .flatMap(connector -> connector.getConnectionFactories().stream())
                .anyMatch(factory -> factory.getClass().getName().startsWith("org.eclipse.jetty.http2."));
    }

    /** Tells all peers to open no more streams here. */
    void sayGoAway() {
        sessions().forEach(Http2Drain::sayGoAway);
    }

    /** Tells the peer of a connection, if it speaks HTTP/2. */
    static void sayGoAway(Connection connection) {
        if (connection instanceof HTTP2Connection http2) {
            sayGoAway(http2.getSession());
        }
    }

    private static void sayGoAway(HTTP2Session session) {
        session.frames(null, List.of(GoAwayFrame.GRACEFUL), Callback.NOOP);
    }

    /** Waits until peers that were served a moment ago have read it all and closed. */
    void awaitReaders(Duration limit) throws InterruptedException {
        List<EndPoint> reading = sessions().stream()
                .map(HTTP2Session::getEndPoint)
                .filter(Http2Drain::isRecent)
                .toList();
        CountDownLatch closed = new CountDownLatch(reading.size());
        for (EndPoint endPoint : reading) {
            endPoint.getConnection().addEventListener(new Connection.Listener() {
                @Override
                public void onClosed(Connection connection) {
                    closed.countDown();
                }
            });
            if (!endPoint.isOpen()) {
                closed.countDown(); // before it was listened to; twice for one and the wait ends early, which costs
                // little
            }
        }
        boolean unused = closed.await(Math.min(limit.toNanos(), RECENT.toNanos()), TimeUnit.NANOSECONDS);
    }

    private static boolean isRecent(EndPoint endPoint) {
        return endPoint.isOpen()
                && endPoint instanceof IdleTimeout activity
                && activity.getIdleFor() < RECENT.toMillis();
    }

    private List<HTTP2Session> sessions() {
        return server.getContainedBeans(SessionContainer.class).stream()
                .flatMap(container -> container.getSessions().stream())
                .map(HTTP2Session.class::cast)
                .toList();
    }
}
