package io.lifecycle4j.jetty;

import io.lifecycle4j.RequestGate;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Stands outside all handlers: counts requests in until their response is complete, or turns them away. */
final class GateHandler extends Handler.Wrapper {
    private static final HttpField CLOSE = new PreEncodedHttpField(HttpHeader.CONNECTION, "close");

    private final RequestGate gate;
    private final Predicate<Request> exempt;
    private final Rejection rejection;
    private final InFlight inFlight;

    GateHandler(RequestGate gate, Predicate<Request> exempt, Rejection rejection, InFlight inFlight) {
        this.gate = gate;
        this.exempt = exempt;
        this.rejection = rejection;
        this.inFlight = inFlight;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (exempt.test(request)) {
            return super.handle(request, response, callback);
        }
        if (!gate.tryEnter()) {
            reject(request, response, callback);
            return true;
        }
        int place = inFlight.add(request);
        request.addHttpStreamWrapper(
                isHttp1(request)
                        ? stream -> new CountedHttp1Stream(stream, place)
                        : stream -> new CountedStream(stream, place));
        return super.handle(request, response, callback);
    }

    private void reject(Request request, Response response, Callback callback) {
        if (isHttp1(request)) {
            response.getHeaders().put(CLOSE); // or the client tries again on the same connection
            rejection.write(response, callback);
        } else {
            Connection connection = request.getConnectionMetaData().getConnection();
            rejection.write(response, Callback.from(callback, () -> Http2Drain.sayGoAway(connection)));
        }
    }

    private static boolean isHttp1(Request request) {
        return request.getConnectionMetaData().getHttpVersion().compareTo(HttpVersion.HTTP_1_1) <= 0;
    }

    /** Jetty completes a stream once, when the last byte of its response is written or can never be. */
    private class CountedStream extends HttpStream.Wrapper {

        private final int place;

        CountedStream(HttpStream stream, int place) {
            super(stream);
            this.place = place;
        }

        @Override
        public void succeeded() {
            try {
                super.succeeded(); // an upgrade opens its session in here
            } finally {
                leave();
            }
        }

        @Override
        public void failed(Throwable failure) {
            try {
                super.failed(failure);
            } finally {
                leave();
            }
        }

        private void leave() {
            inFlight.remove(place);
            gate.leave();
        }
    }

    private final class CountedHttp1Stream extends CountedStream {

        CountedHttp1Stream(HttpStream stream, int place) {
            super(stream, place);
        }

        @Override
        public void prepareResponse(HttpFields.Mutable headers) {
            if (gate.isDraining() && !headers.contains(HttpHeader.UPGRADE)) {
                headers.put(CLOSE);
            }
            super.prepareResponse(headers);
        }
    }
}
