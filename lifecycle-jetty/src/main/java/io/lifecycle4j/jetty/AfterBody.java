package io.lifecycle4j.jetty;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * A request over HTTP/1.1, and its callback, that completes once its body has come, or after a while. Jetty closes the connection of a
 * request that was answered before; what its client still sends then resets the connection, and the response may be lost. The response
 * goes first, whole. No thread waits for the body, which is dropped. A request whose handler has read its body is left to Jetty.
 */
final class AfterBody extends Request.Wrapper implements Callback {
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(2);

    private enum State {
        OPEN,
        /** A handler may throw after that. */
        COMPLETED,
        /** Completed, and waits for content. The one that ends the wait, content or the timer, goes on. */
        WAITING
    }

    private final Response response;
    private final Callback callback;
    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    private volatile boolean whole;
    private long since;
    private Scheduler.@Nullable Task timer;

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

    @Override
    public Content.@Nullable Chunk read() {
        Content.Chunk chunk = super.read();
        if (chunk != null && chunk.isLast()) { // a failure that ends the body is the last one, too
            whole = true;
        }
        return chunk;
    }

    /** Drops what has come, as much as Jetty does. Jetty's own would fail each further read. */
    @Override
    public boolean consumeAvailable() {
        int reads = getConnectionMetaData().getHttpConfiguration().getMaxUnconsumedRequestContentReads();
        for (; reads != 0; reads--) { // a negative number is no limit
            Content.Chunk chunk = read();
            if (chunk == null) {
                return false;
            }
            chunk.release();
            if (Content.Chunk.isFailure(chunk) || chunk.isLast()) {
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
        if (!state.compareAndSet(State.OPEN, State.COMPLETED)) {
            return;
        }
        if (whole) {
            callback.succeeded();
        } else {
            // What the handler has left to Jetty: the header, or the end. A response that has ended takes no more.
            response.write(true, null, responded());
        }
    }

    @Override
    public void failed(Throwable failure) {
        if (!state.compareAndSet(State.OPEN, State.COMPLETED)) {
            return;
        }
        if (whole || response.isCommitted() || failure instanceof Request.Handler.AbortException) {
            callback.failed(failure);
        } else {
            response.reset(); // the header that the handler has set belongs to the response that failed
            Response.writeError(this, response, responded(), failure);
        }
    }

    private Callback responded() {
        return Callback.from(getInvocationType(), this::dropBody, callback::failed);
    }

    private void dropBody() {
        if (whole) {
            callback.succeeded();
            return;
        }
        since = System.nanoTime();
        timer = getComponents().getScheduler().schedule(this::expire, LIMIT, TimeUnit.NANOSECONDS);
        awaitContent();
    }

    private void awaitContent() {
        state.set(State.WAITING);
        try {
            // Before any read, since the handler may still wait for content, and two must not read at once.
            demand(new Drop());
        } catch (IllegalArgumentException | IllegalStateException e) { // it does wait, or Jetty has ended the request
            end();
        }
    }

    /** May read for as long as the limit, and nothing after that: Jetty would start a thread to call it once more. */
    private final class Drop implements Invocable.Task {
        @Override
        public InvocationType getInvocationType() {
            return state.get() == State.WAITING ? InvocationType.BLOCKING : InvocationType.NON_BLOCKING;
        }

        @Override
        public void run() {
            if (state.compareAndSet(State.WAITING, State.COMPLETED)) {
                drop();
            }
        }
    }

    private void drop() {
        long left = LIMIT;
        while (!whole && left > RequestTimeout.LEAST_WAIT) {
            Content.Chunk chunk = read();
            left = LIMIT - (System.nanoTime() - since);
            if (chunk != null) {
                chunk.release();
            } else if (left > RequestTimeout.LEAST_WAIT) {
                awaitContent();
                return;
            }
        }
        end();
    }

    private void expire() {
        if (state.compareAndSet(State.WAITING, State.COMPLETED)) {
            getContext().execute(this::end);
        }
    }

    private void end() {
        Scheduler.Task pending = timer;
        if (pending != null) {
            pending.cancel();
        }
        callback.succeeded();
    }
}
