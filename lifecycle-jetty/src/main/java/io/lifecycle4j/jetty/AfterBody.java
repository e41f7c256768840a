package io.lifecycle4j.jetty;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * A request over HTTP/1.1, and its callback, that completes once its body has come, or after a while. Jetty closes the connection of a
 * request that was answered before; what its client still sends then resets the connection, and the response may be lost. No thread
 * waits for the body, which is dropped.
 */
final class AfterBody extends Request.Wrapper implements Callback {
    private static final RequestTimeout LIMIT = new RequestTimeout(Duration.ofSeconds(2), Long.MAX_VALUE);

    private final Response response;
    private final Callback callback;
    private final AtomicBoolean completed =
            new AtomicBoolean(); // a handler may throw after it has completed its callback

    AfterBody(Request request, Response response, Callback callback) {
        super(request);
        this.response = response;
        this.callback = callback;
    }

    /** Returns whether a client may still be sending when its request is answered. One that waits for 100 is told by the response. */
    static boolean isNeeded(Request request) {
        return Peers.isHttp1(request)
                && RequestTimeout.mayHaveBody(request)
                && !request.getHeaders().contains(HttpHeader.EXPECT);
    }

    /** Drops what has come. Jetty's own would fail each further read. */
    @Override
    public boolean consumeAvailable() {
        for (Content.Chunk chunk = read(); chunk != null; chunk = read()) {
            chunk.release();
            if (chunk.isLast()) { // a failure is the last one, too
                return !Content.Chunk.isFailure(chunk);
            }
        }
        return false;
    }

    @Override
    public InvocationType getInvocationType() {
        return callback.getInvocationType();
    }

    @Override
    public void succeeded() {
        if (completed.compareAndSet(false, true)) {
            dropBody();
        }
    }

    @Override
    public void failed(Throwable failure) {
        if (!completed.compareAndSet(false, true)) {
            return;
        }
        if (response.isCommitted() || failure instanceof Request.Handler.AbortException) {
            callback.failed(failure);
        } else {
            Response.writeError(this, response, Callback.from(this::dropBody, callback::failed), failure);
        }
    }

    private void dropBody() {
        if (consumeAvailable()) {
            callback.succeeded();
            return;
        }
        try {
            Content.Source.consumeAll(
                    LIMIT.timed(getWrapped()),
                    Callback.from(getInvocationType(), callback::succeeded, unused -> callback.succeeded()));
        } catch (RuntimeException handlerStillWaits) {
            callback.succeeded(); // Jetty ends the connection
        }
    }
}
