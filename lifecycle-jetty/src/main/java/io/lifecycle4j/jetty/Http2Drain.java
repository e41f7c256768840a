package io.lifecycle4j.jetty;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
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
 * Takes leave on HTTP/2 connections. The one class that names HTTP/2's types, used only where they are there.
 *
 * <p>A peer is told by GOAWAY when the last of its streams has ended, and not before: the {@code HttpClient} of JDK 17 up to 17.0.15 fails
 * every stream that is in flight when it arrives. Streams that open until then get 503 from the gate. A PING follows; its
 * answer proves that the peer's reader has come that far.
 *
 * <p>GOAWAY is a frame of our own: Jetty's way closes the connection as soon as the last response is with the operating system. What
 * the peer says while it still reads, a window's update for one, then resets the connection, and the rest of the response is lost.
 *
 * <p>The race of a stream's end against {@link #begin}: the stream is gone from its session before either looks, and {@link
 * Readers#markTold} lets one of the two tell.
 */
final class Http2Drain {
    private static final byte[] PING =
            "goodbye!".getBytes(StandardCharsets.US_ASCII); // eight bytes, RFC 9113, section 6.7

    private final Server server;
    private final Readers readers;

    Http2Drain(Server server, Readers readers) {
        this.server = server;
        this.readers = readers;
    }

    /** Returns whether HTTP/2 is on the class path at all: this class cannot be used otherwise. */
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

    /** Tells the peers that have no stream open. */
    void begin() {
        sessions().stream().filter(session -> session.getStreamCount() == 0).forEach(this::tell);
    }

    /** A stream of the connection has ended: tells its peer if it was the last. */
    void streamEnded(Connection connection) {
        HTTP2Session session = ((HTTP2Connection) connection).getSession();
        if (session.getStreamCount() == 0) {
            tell(session);
        }
    }

    /** Tells all peers that were not told: the streams that they still have are not waited for, or are no requests any more. */
    void tellTheRest() {
        sessions().forEach(this::tell);
    }

    private void tell(HTTP2Session session) {
        Connection connection = session.getEndPoint().getConnection();
        if (readers.markTold(connection)) {
            session.getEndPoint().setIdleTimeout(0); // or Jetty would cut a reader that pauses
            session.addEventListener(new Answer(connection));
            session.frames(null, List.of(GoAwayFrame.GRACEFUL, new PingFrame(PING, false)), Callback.NOOP);
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
