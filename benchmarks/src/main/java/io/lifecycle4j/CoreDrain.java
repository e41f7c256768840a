package io.lifecycle4j;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A gate that is waited for as the shutdown's sequence waits: parked, until the last leaver signals. */
public final class CoreDrain {
    private static final long LONG_ENOUGH_TO_PARK = TimeUnit.MILLISECONDS.toNanos(2);

    private CoreDrain() {}

    /** Returns the time from just before the last {@code leave()} until the waiting thread has found the gate drained. */
    public static long nanosFromLeaveToDrained() throws InterruptedException {
        RequestGate gate = new RequestGate("requests");
        if (!gate.tryEnter()) {
            throw new IllegalStateException("the gate is closed already");
        }
        CountDownLatch closed = new CountDownLatch(1);
        AtomicLong drained = new AtomicLong();
        Thread waiter = new Thread(() -> {
            Wakeup wakeup = new Wakeup(Thread.currentThread());
            gate.close(wakeup);
            closed.countDown();
            while (!gate.isDrained()) {
                wakeup.await(Clock.SYSTEM, Long.MAX_VALUE);
            }
            drained.set(System.nanoTime());
        });
        waiter.start();
        closed.await();
        LockSupport.parkNanos(LONG_ENOUGH_TO_PARK);
        long start = System.nanoTime();
        gate.leave();
        waiter.join(); // the leaver's processor is free, as a server's is when a response is complete
        return drained.get() - start;
    }
}
