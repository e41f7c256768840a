package io.lifecycle4j.jetty;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** What requests are answered while the server drains. */
final class Rejection {
    // RFC 9457
    static final Rejection DEFAULT = new Rejection(
            503,
            Duration.ofSeconds(1),
            "application/problem+json",
            "{\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"The server is shutting down; try again.\"}");

    private final int status;
    private final Duration retryAfter;
    private final String contentType;
    private final String body;
    private final HttpField retryField;
    private final HttpField typeField;
    private final byte[] bytes;

    private Rejection(int status, Duration retryAfter, String contentType, String body) {
        this.status = status;
        this.retryAfter = retryAfter;
        this.contentType = contentType;
        this.body = body;
        this.retryField = new PreEncodedHttpField(
                HttpHeader.RETRY_AFTER,
                String.valueOf(retryAfter.plusMillis(999).toSeconds()));
        this.typeField = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, contentType);
        this.bytes = body.getBytes(StandardCharsets.UTF_8);
    }

    Rejection with(int otherStatus, String otherType, String otherBody) {
        return new Rejection(otherStatus, retryAfter, otherType, otherBody);
    }

    Rejection with(Duration otherRetryAfter) {
        return new Rejection(status, otherRetryAfter, contentType, body);
    }

    void write(Response response, Callback callback) {
        response.setStatus(status);
        response.getHeaders().put(retryField);
        response.getHeaders().put(typeField);
        response.write(true, ByteBuffer.wrap(bytes), callback);
    }
}
