package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.cli.ClientLimits;

/**
 * How fast one client may speak. Its next frame is read when we ask for it: a client whose messages wait for the database, or
 * that does not take its answers, waits itself, and nobody else does. Thread-safe, but for {@link #tryTake}.
 */
final class FlowControl {
    private final Client client;
    private final Liveness liveness;
    private final TokenBucket frames;
    private boolean paused; // under this

    FlowControl(Client client, Liveness liveness) {
        this.client = client;
        this.liveness = liveness;
        this.frames = TokenBucket.of(client.limits().frameRate);
    }

    /** Counts a frame; returns false if it is one too many. */
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
                && (client.pendingSends().get() >= ClientLimits.PENDING_SENDS
                        || client.queue().bytes() > limits.pausingBytes()
                        || client.queue().frames() > limits.queueFrames / 2);
    }
}
