package io.lifecycle4j.jetty;

import io.lifecycle4j.RequestGate;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Stands outside all handlers: counts requests in until their response is complete, or turns them away. */
final class GateHandler extends Handler.Wrapper {
    private static final HttpField CLOSE = new PreEncodedHttpField(HttpHeader.CONNECTION, "close");
    private static final HttpField RETRY = new PreEncodedHttpField(HttpHeader.RETRY_AFTER, "1");
    private static final HttpField PROBLEM =
            new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, "application/problem+json");
    // RFC 9457
    private static final byte[] BODY =
            "{\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"The server is shutting down; try again.\"}"
                    .getBytes(StandardCharsets.UTF_8);

    private final RequestGate gate;
    private final Predicate<Request> exempt;
    private final Function<HttpStream, HttpStream> counted = CountedStream::new;
    private final Function<HttpStream, HttpStream> countedHttp1 = CountedHttp1Stream::new;

    GateHandler(RequestGate gate, Predicate<Request> exempt) {
        this.gate = gate;
        this.exempt = exempt;
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
        request.addHttpStreamWrapper(isHttp1(request) ? countedHttp1 : counted);
        return super.handle(request, response, callback);
    }

    private static void reject(Request request, Response response, Callback callback) {
        response.setStatus(HttpStatus.SERVICE_UNAVAILABLE_503);
        HttpFields.Mutable headers = response.getHeaders();
        headers.put(RETRY);
        headers.put(PROBLEM);
        if (isHttp1(request)) {
            headers.put(CLOSE); // or the client tries again on the same connection
        }
        response.write(true, ByteBuffer.wrap(BODY), callback);
    }

    private static boolean isHttp1(Request request) {
        return request.getConnectionMetaData().getHttpVersion().compareTo(HttpVersion.HTTP_1_1) <= 0;
    }

    /** Jetty completes a stream once, when the last byte of its response is written or can never be. */
    private class CountedStream extends HttpStream.Wrapper {

        CountedStream(HttpStream stream) {
            super(stream);
        }

        @Override
        public void succeeded() {
            try {
                super.succeeded(); // an upgrade opens its session in here
            } finally {
                gate.leave();
            }
        }

        @Override
        public void failed(Throwable failure) {
            try {
                super.failed(failure);
            } finally {
                gate.leave();
            }
        }
    }

    private final class CountedHttp1Stream extends CountedStream {

        CountedHttp1Stream(HttpStream stream) {
            super(stream);
        }

        @Override
        public void prepareResponse(HttpFields.Mutable headers) {
            if (gate.isClosed() && !headers.contains(HttpHeader.UPGRADE)) {
                headers.put(CLOSE);
            }
            super.prepareResponse(headers);
        }
    }
}
