package io.lifecycle4j;

import java.util.concurrent.locks.LockSupport;

/**
 * Wakes one thread from waiting for events. The flag, and not the thread's park permit alone, carries the news: a lock that
 * the thread takes on its way may use up the permit.
 */
final class Wakeup {
    private final Thread thread;
    private volatile boolean signalled;

    Wakeup(Thread thread) {
        this.thread = thread;
    }

    /** Ends the wait in progress, or the next one. Never blocks. */
    void signal() {
        signalled = true;
        LockSupport.unpark(thread);
    }

    boolean isSignalled() {
        return signalled;
    }

    /** Waits for a signal or the given time; may return for no reason. What is waited for must be looked at afterwards. */
    void await(Clock clock, long until) {
        if (!signalled) {
            clock.parkUntil(until);
        }
        signalled = false;
        boolean unused =
                Thread.interrupted(); // means nothing to these threads, and pending it would let none of them park
    }
}
