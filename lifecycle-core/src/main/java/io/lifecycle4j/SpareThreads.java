package io.lifecycle4j;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Parked threads whose places a shutdown can have when the system gives no more: a service that has run out of threads is often
 * stopped for that very reason. Only one thread, the shutdown's, starts others by it.
 */
class SpareThreads {
    private static final long FOR_THE_END_OF_ONE_MILLIS = 50;

    private final String app;
    private final int count;
    private final Deque<Thread> parked = new ArrayDeque<>();

    SpareThreads(String app, int count) {
        this.app = app;
        this.count = count;
    }

    /** Returns what prevents the system from giving so many threads; null if nothing does. They have ended on return. */
    static @Nullable Throwable missing(String app, int count) {
        SpareThreads places = new SpareThreads(app, count);
        try {
            places.reserve();
            return null;
        } catch (Throwable e) {
            return e;
        } finally {
            places.end();
        }
    }

    /** Starts the threads and parks them; throws {@link OutOfMemoryError} if the system gives fewer. */
    void reserve() {
        for (int number = 0; number < count; number++) {
            Thread thread = Threads.create(app + "-spare", SpareThreads::park);
            thread.start();
            parked.push(thread);
        }
    }

    /** Starts a thread, at the cost of a spare one if need be; returns what prevented it, if anything, and may be asked again. */
    @Nullable
    Throwable start(Thread thread) {
        try {
            thread.start();
            return null;
        } catch (
                OutOfMemoryError
                        e) { // "unable to create native thread", which the system's limits are reported as, too
            return endOne() ? start(thread) : e;
        }
    }

    /** Ends all of them; waits a moment for each, so that their places are free on return. */
    void end() {
        boolean more = true;
        while (more) {
            more = endOne();
        }
    }

    private boolean endOne() {
        Thread spare = parked.poll();
        if (spare == null) {
            return false;
        }
        spare.interrupt();
        try {
            spare.join(FOR_THE_END_OF_ONE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return true;
    }

    private static void park() {
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.park(SpareThreads.class);
        }
    }
}
