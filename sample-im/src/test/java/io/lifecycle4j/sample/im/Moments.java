package io.lifecycle4j.sample.im;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Instants chosen by a seeded random, and the waiting for them: what a chaos run is about. */
final class Moments {
    private final Random random;

    Moments(long seed) {
        random = new Random(seed);
    }

    Random random() {
        return random;
    }

    /** Waits until an instant between the two, counted from now. */
    void await(int fromMillis, int toMillis) {
        long instant = System.nanoTime()
                + TimeUnit.MILLISECONDS.toNanos(fromMillis)
                + (long) (random.nextDouble() * TimeUnit.MILLISECONDS.toNanos(toMillis - fromMillis));
        for (long left = instant - System.nanoTime(); left > 0; left = instant - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
