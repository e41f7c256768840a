package io.lifecycle4j.jetty;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http2.HTTP2Connection;
import org.eclipse.jetty.http2.HTTP2Session;
import org.eclipse.jetty.http2.SessionContainer;
import org.eclipse.jetty.http2.api.Session;
import org.eclipse.jetty.http2.frames.Frame;
import org.eclipse.jetty.http2.frames.GoAwayFrame;
import org.eclipse.jetty.http2.frames.PingFrame;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

/**
 * Sends GOAWAY on HTTP/2 connections, and receives the peers' acknowledgements. The one class that uses Jetty's HTTP/2 types, and itself
 * used only where they are on the class path.
 *
 * <p>A peer is told by GOAWAY when its connection has no stream: the {@code HttpClient} of JDK 17 up to 17.0.15 fails every stream that its
 * application's thread has not yet ended when GOAWAY arrives. If the last stream has only just ended, GOAWAY waits for {@link
 * OpenConnections#QUIET}. A stream that opens within this pause and ends shortly before GOAWAY has no pause of its own: a busy peer would
 * never be told. A PING follows GOAWAY; its answer proves that the peer has read everything before it.
 *
 * <p>The frame is sent by this class, since Jetty's own GOAWAY closes the connection as soon as the operating system has the last response.
 * A frame that the peer sends while it still reads, such as a window update, would then reset the connection, and the rest of
 * the response would be lost.
 *
 * <p>During the announce delay, such a connection gets GOAWAY without a PING, and further streams are served: the peer is to move,
 * and nothing is waited for.
 *
 * <p>The race of a stream's end against {@link #tellIdle}, {@link #announceToIdle} or a goodbye that has found a new stream: a stream leaves
 * its session before either looks, so at least one of the two finds the session without streams; {@link Readers#markTold} and
 * {@link Readers#markAnnounced} let only one tell the peer.
 */
final class Http2Drain {
    // Eight bytes, as RFC 9113, section 6.7 demands.
    private static final byte[] PING = "goodbye!".getBytes(StandardCharsets.US_ASCII);

    private final Server server;
    private final Readers readers;
    private volatile boolean tellsAll;

    Http2Drain(Server server, Readers readers) {
        this.server = server;
        this.readers = readers;
    }

    /** Returns whether Jetty's HTTP/2 is on the class path; this class must not be used without it. */
    static boolean isAvailable() {
        try {
            Class.forName("org.eclipse.jetty.http2.HTTP2Session", false, Http2Drain.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    static boolean isHttp2(Connection connection) {
        return connection instanceof HTTP2Connection;
    }

    /** Announces to the peers that have no stream open. */
    void announceToIdle() {
        sessions().stream().filter(session -> session.getStreamCount() == 0).forEach(this::announce);
    }

    /** Announces to the peer of a connection if it has no stream open; called when one of its streams has ended. */
    void streamEndedInAnnounce(Connection connection) {
        HTTP2Session session = ((HTTP2Connection) connection).getSession();
        if (session.getStreamCount() == 0) {
            announce(session);
        }
    }

    // The drain sends another GOAWAY, with a PING: the peer may have used the connection in between.
    private void announce(HTTP2Session session) {
        Connection connection = session.getEndPoint().getConnection();
        if (readers.markAnnounced(connection)) {
            onceQuiet(session, () -> {
                if (session.getStreamCount() == 0) {
                    session.frames(null, List.of(GoAwayFrame.GRACEFUL), Callback.NOOP);
                } else {
                    readers.unmarkAnnounced(connection);
                    streamEndedInAnnounce(connection);
                }
            });
        }
    }

    /** Tells the peers that have no stream open. */
    void tellIdle() {
        sessions().stream().filter(session -> session.getStreamCount() == 0).forEach(this::tell);
    }

    /** Tells the peer of a connection if it has no stream open; called when one of its streams has ended. */
    void streamEnded(Connection connection) {
        HTTP2Session session = ((HTTP2Connection) connection).getSession();
        if (session.getStreamCount() == 0) {
            tell(session);
        }
    }

    /** Tells the peers that were not told yet. The streams that are open then belong to exempt requests or to upgrades. */
    void tellRemaining() {
        tellsAll = true;
        sessions().forEach(this::tell);
    }

    private void tell(HTTP2Session session) {
        if (readers.markTold(session.getEndPoint().getConnection())) {
            // With an idle timeout, Jetty would cut a peer that pauses while it reads.
            session.getEndPoint().setIdleTimeout(0);
            onceQuiet(session, () -> goodbye(session));
        }
    }

    private void goodbye(HTTP2Session session) {
        Connection connection = session.getEndPoint().getConnection();
        if (session.getStreamCount() == 0 || tellsAll) {
            session.addEventListener(new Answer(connection));
            session.frames(null, List.of(GoAwayFrame.GRACEFUL, new PingFrame(PING, false)), Callback.NOOP);
            return;
        }
        readers.unmarkTold(connection);
        if (session.getStreamCount() == 0 || tellsAll) {
            tell(session);
        }
    }

    /** Runs the action when the last frame was some time ago: at once, or else on a thread of the server's scheduler. */
    private void onceQuiet(HTTP2Session session, Runnable action) {
        if (OpenConnections.isQuiet(session.getEndPoint())) {
            action.run();
        } else {
            server.getScheduler().schedule(action, OpenConnections.QUIET.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private List<HTTP2Session> sessions() {
        return server.getContainedBeans(SessionContainer.class).stream()
                .flatMap(container -> container.getSessions().stream())
                .map(HTTP2Session.class::cast)
                .toList();
    }

    private final class Answer implements HTTP2Session.FrameListener {
        private final Connection connection;

        Answer(Connection connection) {
            this.connection = connection;
        }

        @Override
        public void onIncomingFrame(Session session, Frame frame) {
            if (frame instanceof PingFrame ping && ping.isReply() && Arrays.equals(ping.getPayload(), PING)) {
                readers.acknowledged(connection);
            }
        }
    }
}
