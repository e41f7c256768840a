package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.cli.ClientLimits;
import java.util.function.IntSupplier;

/**
 * How fast one client may speak. Its next frame is read when we ask for it: a client whose messages wait for the database, or
 * that does not take its answers, waits itself, and nobody else does. Thread-safe, but for {@link #tryTake}.
 */
final class FlowControl {
    private final Client client;
    private final Liveness liveness;
    private final IntSupplier pendingSends;
    private final TokenBucket frames;
    private boolean paused; // under this

    /**
     * @param pendingSends how many of its messages are on their way to the database
     */
    FlowControl(Client client, Liveness liveness, IntSupplier pendingSends) {
        this.client = client;
        this.liveness = liveness;
        this.pendingSends = pendingSends;
        this.frames = TokenBucket.of(client.limits().frameRate());
    }

    /** Counts a frame; returns whether it was not one too many. */
    boolean tryTake() {
        return frames.tryTake();
    }

    /** Asks for the next frame, now or when the client keeps us less busy. */
    void readOn() {
        synchronized (this) {
            if (isBusy()) {
                paused = true;
                return;
            }
        }
        client.demand();
    }

    /** To be called when there may be less to do for this client than before. */
    void resume() {
        synchronized (this) {
            if (!paused || isBusy()) {
                return;
            }
            liveness.heard(); // it was we who did not listen
            paused = false;
        }
        client.demand();
    }

    synchronized boolean isPaused() {
        return paused;
    }

    private boolean isBusy() {
        ClientLimits limits = client.limits();
        return !client.isClosed()
                && (pendingSends.getAsInt() >= ClientLimits.PENDING_SENDS
                        || client.queue().bytes() > limits.pausingBytes()
                        || client.queue().frames() > limits.queueFrames() / 2);
    }
}
