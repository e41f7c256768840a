package io.lifecycle4j;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests in until a shutdown closes it, and knows when the last of them has left.
 *
 * <p>Call {@link #tryEnter()} before a request is touched. If it is true, call {@link #leave()} once, from any thread, when the
 * request's response is complete; if it is false, reject the request. Thread-safe; {@code tryEnter} and {@code leave} do
 * not block and allocate nothing. An {@link App} closes the gates it knows for good: when its drain begins, or, for one {@linkplain
 * #servingUntilIdle that serves until it is idle}, when nobody is in, at the latest at the drain's limit. A gate that no app knows is
 * closed by its owner.
 *
 * @since 0.1
 */
public final class RequestGate {
    /*
     * Each stripe holds three counters that only grow, in one cache line that few other threads write:
     * ENTERED, LEFT, and BACKED_OUT for those that entered and then found the gate closed.
     *
     * In flight = entered - left - backed out. Sums are no snapshots, hence three rules:
     *   1. A request counts itself in BEFORE it reads `closed` to decide; close() writes `closed` BEFORE it sums. Both
     *      are sequentially consistent, so either the request sees the gate closed and backs out, or the sum sees it.
     *   2. Those that went are summed before those that came: a sum can see too many inside, never too few.
     *   3. A request that finds the gate closed at first sight is rejected uncounted; otherwise a flood of late
     *      requests would hide the instant at which nobody is in.
     *
     * A gate that serves until idle is closed when the drain begins, or by a leaver that finds nobody in. A request that came in between
     * that look and the close is in, and is waited for like any other.
     *
     * Races. Last leaver against close(): whichever of `left + 1` and `closed = true` comes second sees the other, and
     * reports. Two last leavers: the one whose count comes second sees both. Racer that backs out last: it looks, too.
     */
    private static final int ENTERED = 0;
    private static final int LEFT = 1;
    private static final int BACKED_OUT = 2;
    private static final int STRIDE = 16; // longs: two cache lines, since processors fetch them in pairs
    private static final int STRIPES =
            Integer.highestOneBit(Math.max(1, Runtime.getRuntime().availableProcessors() * 4 - 1)) * 2;

    private final String name;
    private final boolean servesUntilIdle;
    private final boolean servesUntilClosed;
    private final AtomicLongArray counters = new AtomicLongArray((STRIPES + 1) * STRIDE);
    private final LongAdder rejected = new LongAdder();
    private volatile boolean goingAway;
    private volatile boolean draining;
    private volatile boolean closed;
    private final CountDownLatch drained = new CountDownLatch(1);
    private volatile long leftAtClose;
    private volatile @Nullable Wakeup waiter;

    /**
     * Creates an open gate.
     *
     * @param name shown in the log and the report; not blank
     */
    public RequestGate(String name) {
        this(name, false, false);
    }

    private RequestGate(String name, boolean servesUntilIdle, boolean servesUntilClosed) {
        this.name = Names.checked("gate", name);
        this.servesUntilIdle = servesUntilIdle;
        this.servesUntilClosed = servesUntilClosed;
    }

    /**
     * Creates an open gate that lets requests in during the drain as well, until there is an instant without any.
     *
     * @param name shown in the log and the report; not blank
     */
    public static RequestGate servingUntilIdle(String name) {
        return new RequestGate(name, true, false);
    }

    /**
     * Creates an open gate that lets requests in during the drain as well, until its owner calls {@link #close}, at the latest until the
     * drain's limit.
     *
     * @param name shown in the log and the report; not blank
     */
    public static RequestGate servingUntilClosed(String name) {
        return new RequestGate(name, false, true);
    }

    /** Returns the gate's name. */
    public String name() {
        return name;
    }

    /** Returns whether the request may go on; if so, {@link #leave()} is owed. */
    public boolean tryEnter() {
        if (closed) {
            rejected.increment();
            return false;
        }
        int stripe = stripe();
        counters.getAndIncrement(stripe + ENTERED);
        if (closed) {
            counters.getAndIncrement(stripe + BACKED_OUT);
            reportIfDrained();
            return false;
        }
        return true;
    }

    /** Ends a request that {@link #tryEnter()} let in. Once for each: more would end the drain while requests are in flight. */
    public void leave() {
        counters.getAndIncrement(stripe() + LEFT);
        if (draining) {
            closeIfIdle();
        }
    }

    /**
     * Returns whether clients are to move to another server: the announce delay of the app has begun, or the drain. No client should send
     * more on the same connection, though during the announce delay all that comes is let in.
     */
    public boolean isGoingAway() {
        return goingAway || draining;
    }

    /** Returns whether a drain has begun. */
    public boolean isDraining() {
        return draining;
    }

    /** Returns whether new requests are rejected. */
    public boolean isClosed() {
        return closed;
    }

    /** Returns whether the gate is closed and nobody is in; once true, it stays so. */
    public boolean isDrained() {
        // Not by the counters: a racer that backs out could hide the instant from them. The last to leave reports it.
        return drained.getCount() == 0;
    }

    /**
     * Waits until the gate is drained, at most for the given time; returns whether it is. Woken by the last to leave.
     *
     * @throws InterruptedException if interrupted while waiting
     */
    public boolean awaitDrained(Duration limit) throws InterruptedException {
        return drained.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Returns how many requests are in: exact while nobody enters or leaves, and never below the truth while the gate is
     * closed.
     */
    public long inFlight() {
        long gone = sum(LEFT) + sum(BACKED_OUT);
        return Math.max(0, sum(ENTERED) - gone);
    }

    /** Returns how many requests were rejected. */
    public long rejected() {
        return rejected.sum() + sum(BACKED_OUT);
    }

    /**
     * Begins the drain of a gate that no app knows, such as one that an adapter keeps for itself; an app closes its own, but for one that
     * {@linkplain #servingUntilClosed serves until closed}. Without effect on those that are in; does not block.
     */
    public void close() {
        if (servesUntilClosed) {
            draining = true;
            closed = true;
            reportIfDrained();
        } else {
            close(null);
        }
    }

    /** Begins the announce delay. */
    void goAway() {
        goingAway = true;
    }

    /** Begins the drain; the waiter is signalled when nobody is in. */
    void close(@Nullable Wakeup waiter) {
        this.waiter = waiter;
        draining = true;
        if (!servesUntilIdle && !servesUntilClosed) {
            closed = true;
        }
        leftAtClose = sum(LEFT);
        closeIfIdle();
    }

    /** What keeps it open when the drain has begun, for the log; empty if it is closed. */
    String openPolicy() {
        return closed ? "" : servesUntilIdle ? " (which serves until it is idle)" : " (which its server closes)";
    }

    /** Ends the drain: now it is closed in any case. */
    void endDrain() {
        closed = true;
    }

    /** How many requests were to be drained: in when the drain began, or let in since, without those that backed out. */
    long toDrain() {
        return sum(ENTERED) - sum(BACKED_OUT) - leftAtClose;
    }

    private void closeIfIdle() {
        if (servesUntilIdle && !closed && inFlight() == 0) {
            closed = true;
        }
        if (closed) {
            reportIfDrained();
        }
    }

    private void reportIfDrained() {
        if (!isDrained() && inFlight() == 0) {
            drained.countDown();
            Wakeup waiting = waiter;
            if (waiting != null) {
                waiting.signal();
            }
        }
    }

    private long sum(int counter) {
        long sum = 0;
        for (int stripe = 1; stripe <= STRIPES; stripe++) {
            sum += counters.get(stripe * STRIDE + counter);
        }
        return sum;
    }

    // Thread ids are consecutive, so neighbours in a pool have stripes of their own. The first stride stays unused: it
    // keeps the array's length, which every access reads, off the lines that are written.
    @SuppressWarnings("deprecation") // threadId() came with 19
    private static int stripe() {
        return ((int) Thread.currentThread().getId() & (STRIPES - 1)) * STRIDE + STRIDE;
    }
}
