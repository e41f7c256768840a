package io.lifecycle4j;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs the setup and the starts, one after another on one thread, so that a shutdown can interrupt the one in progress.
 *
 * <p>Two threads meet here under this object's monitor, which is never held while user code runs: the starting one, and
 * the one that shuts down. The race of {@link #begin} against {@link #interrupt}: the state is STOPPING before {@code
 * interrupt} is called, so a call that begins later is refused, and one that began earlier is interrupted. The race of the
 * call's end against {@code interrupt}: whichever has the monitor first; an interrupt that was sent is cleared when
 * the call ends, so that it never leaks out to the caller.
 */
final class Starter {

    /** A part of the start. */
    @FunctionalInterface
    interface Part {
        void run() throws Exception;
    }

    /**
     * What is in progress, in words, and where.
     *
     * @param server the server that is being started; null for another part of the start
     */
    record Progress(String what, Plan.@Nullable Server server, Thread thread) {}

    private final Lifecycle lifecycle;

    // By identity: what a user's server calls equal is its own business, and may change when it starts.
    @GuardedBy("this")
    private final Set<Plan.Server> attempted = Collections.newSetFromMap(new IdentityHashMap<>());

    @GuardedBy("this")
    private boolean interrupted;

    // Written under the monitor; read without it by last words and by the watch over the start.
    private volatile @Nullable Progress progress;

    Starter(Lifecycle lifecycle) {
        this.lifecycle = lifecycle;
    }

    /** Runs a part of the start, with the server that it starts, if it does; returns false if a shutdown came first. */
    boolean run(String what, Plan.@Nullable Server server, Part part) throws Exception {
        if (!begin(new Progress(what, server, Thread.currentThread()))) {
            return false;
        }
        try {
            part.run();
            return true;
        } finally {
            end();
        }
    }

    /** Interrupts what is in progress. Called once, when the state is STOPPING. */
    synchronized void interrupt() {
        Progress current = progress;
        if (current != null) {
            interrupted = true;
            current.thread().interrupt();
        }
    }

    /** What is in progress; null if nothing is. */
    @Nullable
    Progress progress() {
        return progress;
    }

    /** The thread on which the server is being started just now, or, for null, the setup is run; null if it is not. */
    @SuppressWarnings("ReferenceEquality") // see attempted
    @Nullable
    Thread starting(Plan.@Nullable Server server) {
        Progress current = progress;
        return current != null && current.server() == server ? current.thread() : null;
    }

    /** Whether a start was tried: only then is there something to stop. */
    synchronized boolean isAttempted(Plan.Server server) {
        return attempted.contains(server);
    }

    /**
     * Waits until the part in progress has ended, and drops interrupts: the caller, on a step's thread, then stops what has
     * started, even if the shutdown has long gone on without it, and an interrupt would break that stop.
     */
    synchronized void awaitEnd() {
        while (progress != null) {
            try {
                wait();
            } catch (InterruptedException e) {
                // meant for the wait
            }
        }
        boolean unused = Thread.interrupted(); // one that came together with the end did not throw
    }

    private synchronized boolean begin(Progress next) {
        if (lifecycle.isShuttingDown()) {
            return false;
        }
        progress = next;
        if (next.server() != null) {
            attempted.add(next.server());
        }
        return true;
    }

    private synchronized void end() {
        progress = null;
        if (interrupted) {
            Thread.interrupted();
        }
        notifyAll();
    }
}
