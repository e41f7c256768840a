package io.lifecycle4j.jetty;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers rejected requests: by the user's handler, or with a fixed answer if there is none or if it leaves the request. */
final class Rejection implements Request.Handler {
    // The body is a problem document of RFC 9457.
    static final Rejection DEFAULT = new Rejection(
            503,
            Duration.ofSeconds(1),
            "application/problem+json",
            "{\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"The server is shutting down; try again.\"}",
            null);

    private final int status;
    private final Duration retryAfter;
    private final String contentType;
    private final String body;
    private final Request.@Nullable Handler handler;
    private final HttpField retryField;
    private final HttpField typeField;
    private final byte[] bytes;

    private Rejection(
            int status, Duration retryAfter, String contentType, String body, Request.@Nullable Handler handler) {
        this.status = status;
        this.retryAfter = retryAfter;
        this.contentType = contentType;
        this.body = body;
        this.handler = handler;
        this.retryField = new PreEncodedHttpField(
                HttpHeader.RETRY_AFTER,
                String.valueOf(retryAfter.plusMillis(999).toSeconds()));
        this.typeField = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, contentType);
        this.bytes = body.getBytes(StandardCharsets.UTF_8);
    }

    Rejection with(int otherStatus, String otherType, String otherBody) {
        return new Rejection(otherStatus, retryAfter, otherType, otherBody, handler);
    }

    Rejection with(Duration otherRetryAfter) {
        return new Rejection(status, otherRetryAfter, contentType, body, handler);
    }

    Rejection with(Request.Handler otherHandler) {
        return new Rejection(status, retryAfter, contentType, body, otherHandler);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        response.setStatus(status);
        response.getHeaders().put(retryField);
        if (handler == null || !handler.handle(request, response, callback)) {
            response.getHeaders().put(typeField);
            response.write(true, ByteBuffer.wrap(bytes), callback);
        }
        return true;
    }
}
