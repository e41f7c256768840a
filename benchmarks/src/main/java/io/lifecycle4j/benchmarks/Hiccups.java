package io.lifecycle4j.benchmarks;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * How late the machine wakes threads that only ask to sleep for a millisecond, one for each processor. A tail that is measured
 * while they wake late is the machine's, and not that of what is measured.
 */
final class Hiccups {
    private static final long SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long DISTURBED_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final AtomicLong worst = new AtomicLong();

    Hiccups() {
        for (int thread = 0; thread < Runtime.getRuntime().availableProcessors(); thread++) {
            Thread sleeper = new Thread(this::watch, "hiccups");
            sleeper.setDaemon(true);
            sleeper.start();
        }
    }

    private void watch() {
        long before = System.nanoTime();
        while (true) {
            LockSupport.parkNanos(SLEEP_NANOS);
            long now = System.nanoTime();
            worst.accumulateAndGet(now - before - SLEEP_NANOS, Math::max);
            before = now;
        }
    }

    void begin() {
        worst.set(0);
    }

    /** Whether a thread woke more than 5 ms late since {@link #begin}. */
    boolean disturbed() {
        return worst.get() > DISTURBED_NANOS;
    }
}
