package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.cli.ClientLimits;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Lets so many a second through for long, and some seconds' worth at once. For one thread at a time. */
final class TokenBucket {
    private final long interval;
    private final long capacity;
    private final LongSupplier nanoTime;
    private long spent; // the instant up to which tokens are spent: full buckets lag behind by the capacity

    /** Makes a bucket that lets some seconds' worth through at once: a short burst is no flood. */
    static TokenBucket of(int perSecond) {
        return new TokenBucket(perSecond, perSecond * ClientLimits.BURST_SECONDS, System::nanoTime);
    }

    /**
     * @param perSecond how many on average
     * @param burst how many at once
     * @param nanoTime as {@link System#nanoTime()}
     */
    TokenBucket(int perSecond, int burst, LongSupplier nanoTime) {
        this.interval = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.capacity = interval * burst;
        this.nanoTime = nanoTime;
        this.spent = nanoTime.getAsLong() - capacity;
    }

    boolean tryTake() {
        long now = nanoTime.getAsLong();
        if (now - spent > capacity) {
            spent = now - capacity;
        }
        if (now - spent < interval) {
            return false;
        }
        spent += interval;
        return true;
    }

    /** How long until the next one is let through; at least a millisecond. */
    Duration untilNext() {
        long nanos = spent + interval - nanoTime.getAsLong();
        return Duration.ofMillis(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos) + 1));
    }
}
