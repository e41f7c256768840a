package io.lifecycle4j;

import io.lifecycle4j.Components.Server;
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
    private final Lifecycle lifecycle;
    // By identity: what a user's server calls equal is its own business, and may change when it starts.
    private final Set<Server> attempted = Collections.newSetFromMap(new IdentityHashMap<>());
    private @Nullable Thread thread;
    private volatile @Nullable String current; // read without the monitor by last words
    private @Nullable Server currentServer;
    private boolean interrupted;

    Starter(Lifecycle lifecycle) {
        this.lifecycle = lifecycle;
    }

    /** Runs the setup; returns false if a shutdown came first. */
    boolean setUp(AppSetup setup, AppBuilder builder) throws Exception {
        if (!begin("setup", null)) {
            return false;
        }
        try {
            setup.configure(builder);
            return true;
        } finally {
            end();
        }
    }

    /** Starts a server; returns false if a shutdown came first. */
    boolean start(Server server, ServerContext context) throws Exception {
        if (!begin("start of server '" + server.name() + "'", server)) {
            return false;
        }
        try {
            server.managed().start(context);
            return true;
        } finally {
            end();
        }
    }

    /** Interrupts what is in progress. Called once, when the state is STOPPING. */
    synchronized void interrupt() {
        if (thread != null) {
            interrupted = true;
            thread.interrupt();
        }
    }

    /** What is in progress, for the log; null if nothing is. */
    @Nullable
    String current() {
        return current;
    }

    /** The thread on which the server is being started just now; null if it is not. */
    @SuppressWarnings("ReferenceEquality") // see attempted
    synchronized @Nullable Thread starting(@Nullable Server server) {
        return currentServer == server ? thread : null;
    }

    /** Whether a start was tried: only then is there something to stop. */
    synchronized boolean isAttempted(Server server) {
        return attempted.contains(server);
    }

    /**
     * Waits until the setup or start in progress has ended, and drops interrupts: who waits here, on a step's thread, stops
     * afterwards what has started, even if the shutdown has long gone on without it, and an interrupt would break that stop.
     */
    synchronized void awaitEnd() {
        while (current != null) {
            try {
                wait();
            } catch (InterruptedException e) {
                // meant for the wait
            }
        }
        boolean unused = Thread.interrupted(); // one that came together with the end did not throw
    }

    private synchronized boolean begin(String what, @Nullable Server server) {
        if (lifecycle.isShuttingDown()) {
            return false;
        }
        thread = Thread.currentThread();
        current = what;
        currentServer = server;
        if (server != null) {
            attempted.add(server);
        }
        return true;
    }

    private synchronized void end() {
        thread = null;
        current = null;
        currentServer = null;
        if (interrupted) {
            Thread.interrupted();
        }
        notifyAll();
    }
}
