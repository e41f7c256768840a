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
    private static final long MOST_NANOS = TimeUnit.DAYS.toNanos(366);
    // Less than that is not waited for, so that no timer fires while the wait that it bounds is still being set up.
    static final long LEAST_WAIT = TimeUnit.MILLISECONDS.toNanos(10);

    /** Returns the request with a body that has to come in time. */
    Request timed(Request request) {
        return mayHaveBody(request) ? new Timed(request) : request;
    }

    static boolean mayHaveBody(Request request) {
        long length = request.getLength();
        // HTTP/2 does not say before the body comes.
        return length > 0
                || (length < 0
                        && (!Peers.isHttp1(request) || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING)));
    }

    /**
     * Counts the time in which somebody waits for content. One thread at a time reads or demands, which is Jetty's rule; the timer is
     * another one. Each demand is a {@link Wait} of its own, and the one that takes it out of {@code waiting} runs its callback: the
     * arrival of content, or the timer, which leaves a failure to be read before it does.
     */
    private final class Timed extends Request.Wrapper {
        private final AtomicReference<@Nullable Wait> waiting = new AtomicReference<>();
        private long nanosLeft = time.toNanos();
        private boolean demanded;
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
                nanosLeft = Math.min(MOST_NANOS, nanosLeft + chunk.remaining() * NANOS_PER_SECOND / bytesPerSecond);
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
            if (!demanded) {
                demanded = true;
                Request.addCompletionListener(this, unused -> end());
            }
            Wait wait = new Wait(callback);
            waiting.set(wait);
            wait.timer = getComponents().getScheduler().schedule(wait::expire, nanosLeft, TimeUnit.NANOSECONDS);
            super.demand(wait);
        }

        private void end() {
            Wait wait = waiting.getAndSet(null);
            if (wait != null) {
                wait.cancel();
            }
        }

        private void fail() {
            failure = Content.Chunk.from(new HttpException.RuntimeException(
                    HttpStatus.REQUEST_TIMEOUT_408, "the request's body came too slowly"));
        }

        private final class Wait implements Invocable.Task {
            private final Runnable callback;
            private final long since = System.nanoTime();
            private volatile Scheduler.@Nullable Task timer;

            Wait(Runnable callback) {
                this.callback = callback;
            }

            /** Once it has expired, Jetty still calls it when the connection ends; a task that may block would cost it a thread. */
            @Override
            public InvocationType getInvocationType() {
                return waiting.get() == this ? Invocable.getInvocationType(callback) : InvocationType.NON_BLOCKING;
            }

            /** Content has come. */
            @Override
            public void run() {
                if (waiting.compareAndSet(this, null)) {
                    cancel();
                    nanosLeft -= System.nanoTime() - since;
                    callback.run();
                }
            }

            void cancel() {
                Scheduler.Task pending = timer;
                if (pending != null) {
                    pending.cancel();
                }
            }

            void expire() {
                if (!waiting.compareAndSet(this, null)) {
                    return;
                }
                fail();
                if (Invocable.getInvocationType(callback) == InvocationType.NON_BLOCKING) {
                    callback.run();
                } else {
                    getContext().execute(callback);
                }
            }
        }
    }
}
