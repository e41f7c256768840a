package io.lifecycle4j.jetty;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.http2.api.Session;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.frames.DataFrame;
import org.eclipse.jetty.http2.frames.GoAwayFrame;
import org.eclipse.jetty.http2.frames.HeadersFrame;
import org.eclipse.jetty.http2.frames.PingFrame;
import org.eclipse.jetty.util.Callback;

/** One HTTP/2 connection in clear text, seen frame by frame. */
final class Http2Peer implements Session.Listener {
    final CompletableFuture<GoAwayFrame> goneAway = new CompletableFuture<>();
    final CompletableFuture<GoAwayFrame> closed = new CompletableFuture<>();
    private final int port;
    private final Session session;

    Http2Peer(HTTP2Client client, int port) throws Exception {
        this.port = port;
        session = client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), this)
                .get(10, TimeUnit.SECONDS);
    }

    @Override
    public void onGoAway(Session session, GoAwayFrame frame) {
        goneAway.complete(frame);
    }

    @Override
    public void onClose(Session session, GoAwayFrame frame, Callback callback) {
        closed.complete(frame);
        callback.succeeded();
    }

    /** Returns the status, once the response is complete. */
    CompletableFuture<Integer> get(String path) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        MetaData.Request request = new MetaData.Request(
                "GET", HttpURI.from("http://127.0.0.1:" + port + path), HttpVersion.HTTP_2, HttpFields.EMPTY);
        var unused = session.newStream(new HeadersFrame(request, null, true), new Answer(done));
        return done;
    }

    void ping() {
        session.ping(new PingFrame(false), Callback.NOOP);
    }

    /** Begins a request whose body has one byte and no end; returns the status, once the response is complete. */
    CompletableFuture<Integer> postOneByteOf(String path) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        MetaData.Request request = new MetaData.Request(
                "POST", HttpURI.from("http://127.0.0.1:" + port + path), HttpVersion.HTTP_2, HttpFields.EMPTY);
        var unused = session.newStream(new HeadersFrame(request, null, false), new Answer(done))
                .thenCompose(
                        stream -> stream.data(new DataFrame(stream.getId(), ByteBuffer.wrap(new byte[] {'x'}), false)));
        return done;
    }

    private static final class Answer implements Stream.Listener {
        private final CompletableFuture<Integer> done;
        private int status;

        Answer(CompletableFuture<Integer> done) {
            this.done = done;
        }

        @Override
        public void onHeaders(Stream stream, HeadersFrame frame) {
            status = ((MetaData.Response) frame.getMetaData()).getStatus();
            stream.demand();
        }

        @Override
        public void onDataAvailable(Stream stream) {
            Stream.Data data = stream.readData();
            if (data == null) {
                stream.demand();
                return;
            }
            boolean last = data.frame().isEndStream();
            data.release();
            if (last) {
                done.complete(status);
            } else {
                stream.demand();
            }
        }
    }
}
