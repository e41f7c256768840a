package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.cli.ClientLimits;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What waits for one client to read, bounded in frames and bytes. Whoever offers never waits: writers hand the frames on,
 * several at once when they have gathered, so that a fan-out costs its thread nothing but this. Thread-safe.
 */
public final class SendQueue {

    /** Where frames go: Jetty. Never blocks; tells when a frame is written, or will never be. */
    @FunctionalInterface
    interface Wire {
        void send(ByteBuffer frame, boolean moreFollow, Runnable done);
    }

    private final int mostFrames;
    private final int mostBytes;
    private final Executor writers;
    private final Wire wire;
    private final Runnable written;
    private final Object handingOver = new Object(); // one at a time, so that the order holds; never taken under this
    private final ArrayDeque<ByteBuffer> waiting = new ArrayDeque<>(); // from here on, all under this
    private int frames; // those that wait here, and those that Jetty has not written
    private long bytes;
    private long progressAt;
    private boolean scheduled;
    private boolean closed;

    /**
     * @param written called when frames have been written, so that there is room again
     */
    SendQueue(ClientLimits limits, Executor writers, Wire wire, Runnable written) {
        this.mostFrames = limits.queueFrames;
        this.mostBytes = limits.queueBytes;
        this.writers = writers;
        this.wire = wire;
        this.written = written;
    }

    /** Takes a frame, whose buffer may be shared; false if there is no room for it. Once closed, it takes and forgets. */
    boolean offer(ByteBuffer frame) {
        synchronized (this) {
            if (closed) {
                return true;
            }
            if (frames >= mostFrames || (frames > 0 && bytes + frame.remaining() > mostBytes)) {
                return false;
            }
            if (frames == 0) {
                progressAt = System.nanoTime();
            }
            waiting.add(frame.duplicate());
            frames++;
            bytes += frame.remaining();
            if (scheduled) {
                return true;
            }
            scheduled = true;
        }
        writers.execute(this::handOver);
        return true;
    }

    /** Hands everything that waits to Jetty, in order. */
    void handOver() {
        synchronized (handingOver) {
            ByteBuffer next = poll();
            while (next != null) {
                ByteBuffer frame = next;
                int size = frame.remaining();
                next = poll();
                // What is followed by more is gathered: one write for all, instead of one for each.
                wire.send(frame, next != null, () -> done(size));
            }
        }
    }

    private synchronized @Nullable ByteBuffer poll() {
        ByteBuffer next = waiting.poll();
        if (next == null) {
            scheduled = false;
        }
        return next;
    }

    private void done(int size) {
        synchronized (this) {
            frames--;
            bytes -= size;
            progressAt = System.nanoTime();
        }
        written.run();
    }

    /** Forgets what waits, and whatever comes. */
    synchronized void close() {
        closed = true;
        frames -= waiting.size();
        bytes -= waiting.stream().mapToLong(ByteBuffer::remaining).sum();
        waiting.clear();
    }

    public synchronized long bytes() {
        return bytes;
    }

    public synchronized int frames() {
        return frames;
    }

    /** Whether frames wait, and none of them was written for so long. */
    synchronized boolean isStuck(Duration limit) {
        return frames > 0 && System.nanoTime() - progressAt > limit.toNanos();
    }
}
