package io.lifecycle4j;

import java.util.concurrent.locks.LockSupport;

/** The time of an app, and core's only way to wait for one. A waiting thread is woken by an unpark. */
interface Clock {
    Clock SYSTEM = new SystemClock();

    /** Returns nanoseconds since some origin in the past; never negative, never going back. */
    long nanoTime();

    /** Parks the calling thread until it is unparked or the time has come; may return for no reason. */
    void parkUntil(long nanoTime);

    /** The one class that reads the time. */
    final class SystemClock implements Clock {
        // Counting from here makes plain comparisons right: nothing overflows for 292 years.
        private static final long ORIGIN = System.nanoTime();

        private SystemClock() {}

        @Override
        public long nanoTime() {
            return System.nanoTime() - ORIGIN;
        }

        @Override
        public void parkUntil(long nanoTime) {
            LockSupport.parkNanos(this, nanoTime - nanoTime());
        }
    }
}
