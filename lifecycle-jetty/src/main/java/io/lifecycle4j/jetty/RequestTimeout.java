package io.lifecycle4j.jetty;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/** How long a client may take to send a request: a time, which each byte of the body extends. */
record RequestTimeout(Duration time, long bytesPerSecond) {
    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    // Less than that is not waited for, so that no timer fires while the wait that it bounds is still being set up.
    private static final long LEAST_WAIT = TimeUnit.MILLISECONDS.toNanos(10);

    /** Returns the request with a body that has to come in time. */
    Request timed(Request request) {
        return mayHaveBody(request) ? new Timed(request) : request;
    }

    private static boolean mayHaveBody(Request request) {
        long length = request.getLength();
        // HTTP/2 does not say before the body comes.
        return length > 0
                || (length < 0
                        && (!Peers.isHttp1(request) || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING)));
    }

    /**
     * Counts the time in which somebody waits for content. One thread at a time reads or demands, which is Jetty's rule; the timer is
     * another one. {@code waiting} holds the callback of the demand, and the one that takes it out runs it: {@link #run} when content has
     * come, or {@link #expire}, which leaves a failure to be read before it does.
     */
    private final class Timed extends Request.Wrapper implements Invocable.Task {
        private final AtomicReference<@Nullable Runnable> waiting = new AtomicReference<>();
        private long nanosLeft = time.toNanos();
        private long waitingSince;
        private Scheduler.@Nullable Task timer;
        private volatile Content.@Nullable Chunk failure;

        Timed(Request request) {
            super(request);
        }

        @Override
        public Content.@Nullable Chunk read() {
            if (failure != null) {
                return failure;
            }
            Content.Chunk chunk = super.read();
            if (chunk != null) {
                nanosLeft += chunk.remaining() * NANOS_PER_SECOND / bytesPerSecond;
            }
            return chunk;
        }

        @Override
        public void demand(Runnable callback) {
            if (nanosLeft < LEAST_WAIT) {
                fail();
            }
            if (failure != null) {
                callback.run();
                return;
            }
            if (timer == null) {
                Request.addCompletionListener(this, unused -> end());
            }
            waitingSince = System.nanoTime();
            waiting.set(callback);
            timer = getComponents().getScheduler().schedule(this::expire, nanosLeft, TimeUnit.NANOSECONDS);
            super.demand(this);
        }

        @Override
        public InvocationType getInvocationType() {
            return Invocable.getInvocationType(waiting.get());
        }

        @Override
        public void run() {
            Runnable callback = end();
            if (callback != null) {
                nanosLeft -= System.nanoTime() - waitingSince;
                callback.run();
            }
        }

        private void expire() {
            Runnable callback = waiting.getAndSet(null);
            if (callback == null) {
                return;
            }
            fail();
            if (Invocable.getInvocationType(callback) == InvocationType.NON_BLOCKING) {
                callback.run();
            } else {
                getContext().execute(callback);
            }
        }

        private @Nullable Runnable end() {
            Scheduler.Task pending = timer;
            if (pending != null) {
                pending.cancel();
            }
            return waiting.getAndSet(null);
        }

        private void fail() {
            failure = Content.Chunk.from(new HttpException.RuntimeException(
                    HttpStatus.REQUEST_TIMEOUT_408, "the request's body came too slowly"));
        }
    }
}
