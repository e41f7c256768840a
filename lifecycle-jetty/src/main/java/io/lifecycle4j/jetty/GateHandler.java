package io.lifecycle4j.jetty;

import io.lifecycle4j.RequestGate;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Stands in front of all handlers: counts each request until its response is complete, or rejects it. */
final class GateHandler extends Handler.Wrapper {
    private static final HttpField CLOSE = new PreEncodedHttpField(HttpHeader.CONNECTION, "close");

    /** A gate, and the requests that it counts. */
    record Counted(RequestGate gate, InFlight inFlight) {

        static Counted by(RequestGate gate) {
            return new Counted(gate, new InFlight());
        }
    }

    private final Counted drained;
    private final Counted exempted;
    private final Predicate<Request> exempt;
    private final Request.Handler rejection;
    private final @Nullable RequestTimeout timeout;
    private final Peers peers;
    private final Request.Handler handlers = super::handle; // once, since each reference to a method is an object

    /**
     * @param drained counts the requests that the drain waits for
     * @param exempted counts the others, which only the stop waits for
     * @param timeout bounds the wait for a request's body; null if nothing does
     */
    GateHandler(
            Counted drained,
            Counted exempted,
            Predicate<Request> exempt,
            Request.Handler rejection,
            @Nullable RequestTimeout timeout,
            Peers peers) {
        this.drained = drained;
        this.exempted = exempted;
        this.exempt = exempt;
        this.rejection = rejection;
        this.timeout = timeout;
        this.peers = peers;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        Counted counted = exempt.test(request) ? exempted : drained;
        if (!counted.gate.isClosed() && counted.gate.isDraining() && isUpgrade(request)) {
            // The session would be closed at once, and its client would come back at once, again and again.
            return reject(request, response, callback);
        }
        if (!counted.gate.tryEnter()) {
            return reject(request, response, callback);
        }
        int place = counted.inFlight.add(request);
        request.addHttpStreamWrapper(stream -> new CountedStream(stream, response, counted, place));
        return answer(handlers, timeout == null ? request : timeout.timed(request), response, callback);
    }

    /** A request whose body may still come when it is answered completes after its body. */
    private static boolean answer(Request.Handler handler, Request request, Response response, Callback callback)
            throws Exception {
        if (!AfterBody.isNeeded(request)) {
            return handler.handle(request, response, callback);
        }
        AfterBody afterBody = new AfterBody(request, response, callback);
        try {
            if (!handler.handle(afterBody, response, afterBody)) {
                Response.writeError(afterBody, response, afterBody, HttpStatus.NOT_FOUND_404);
            }
        } catch (Throwable failure) { // Jetty would end the request at once
            afterBody.failed(failure);
        }
        return true;
    }

    /** Returns whether a request asks for a protocol other than HTTP; an offer of h2c, which ordinary requests may carry, is none. */
    static boolean isUpgrade(Request request) {
        String protocol = request.getHeaders().get(HttpHeader.UPGRADE);
        return HttpMethod.CONNECT.is(request.getMethod()) || (protocol != null && !protocol.equalsIgnoreCase("h2c"));
    }

    private boolean reject(Request request, Response response, Callback callback) throws Exception {
        if (Peers.isHttp1(request)) {
            // Without it, the client would send its next request on the same connection.
            response.getHeaders().put(CLOSE);
            return answer(rejection, request, response, callback);
        }
        Connection connection = request.getConnectionMetaData().getConnection();
        return rejection.handle(request, response, Callback.from(callback, () -> peers.rejected(connection)));
    }

    /** Ends the count of a request. Jetty completes a stream once: when the last byte of its response is written, or never will be. */
    private final class CountedStream extends HttpStream.Wrapper {
        private final Response response;
        private final Counted counted;
        private final int place;

        CountedStream(HttpStream stream, Response response, Counted counted, int place) {
            super(stream);
            this.response = response;
            this.counted = counted;
            this.place = place;
        }

        @Override
        public void prepareResponse(HttpFields.Mutable headers) {
            // The connection of an exempt request has to end, too: its next request might meet the stop.
            if ((drained.gate.isGoingAway() || counted.gate.isGoingAway())
                    && Peers.isHttp1(response.getRequest())
                    && !headers.contains(HttpHeader.UPGRADE)) {
                headers.put(CLOSE);
            }
            super.prepareResponse(headers);
        }

        @Override
        public void succeeded() {
            Request request = response.getRequest();
            // Read first, since the request loses its connection when it completes.
            Connection connection = request.getConnectionMetaData().getConnection();
            Connection upgraded =
                    request.getAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE) instanceof Connection other
                            ? other
                            : null;
            if (upgraded != null) {
                peers.upgraded.opening(upgraded, request);
            }
            try {
                // An upgrade opens its session within this call.
                super.succeeded();
            } finally {
                if (upgraded != null) {
                    peers.upgraded.removeUnlessOpen(upgraded);
                }
                leave(connection);
            }
        }

        @Override
        public void failed(Throwable failure) {
            Request request = response.getRequest();
            Connection connection = request.getConnectionMetaData().getConnection();
            if (counted.gate.isDraining() && failure instanceof TimeoutException) {
                peers.wasCut(InFlight.name(request) + ", ended by the idle limit of its connection");
            }
            try {
                super.failed(failure);
            } finally {
                leave(connection);
            }
        }

        private void leave(Connection connection) {
            counted.inFlight.remove(place, response.getRequest());
            if (counted.gate.isGoingAway()) {
                // Before the request leaves the gate, since the drain looks at the peers when the last one has left.
                peers.served(connection, Response.getContentBytesWritten(response), counted.gate.isDraining());
            }
            counted.gate.leave();
        }
    }
}
