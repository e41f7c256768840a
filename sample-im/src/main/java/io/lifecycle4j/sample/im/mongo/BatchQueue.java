package io.lifecycle4j.sample.im.mongo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A bounded queue that many fill and one empties in batches; what it accepted can still be taken once it is closed. */
final class BatchQueue<T> {
    enum Answer {
        ACCEPTED,
        FULL,
        CLOSED
    }

    private final int capacity;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<T> items = new ArrayDeque<>(); // under the lock
    private boolean closed; // under the lock

    BatchQueue(int capacity) {
        this.capacity = capacity;
    }

    /** Never waits for room. The answer and the closing are decided under one lock: nothing accepted is left behind. */
    Answer offer(T item) {
        lock.lock();
        try {
            if (closed) {
                return Answer.CLOSED;
            }
            if (items.size() >= capacity) {
                return Answer.FULL;
            }
            items.add(item);
            changed.signal();
            return Answer.ACCEPTED;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for at least one item, and takes up to {@code limit}; empty only when closed and emptied. */
    List<T> take(int limit) {
        lock.lock();
        try {
            while (items.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            int count = Math.min(limit, items.size());
            List<T> batch = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                batch.add(items.remove());
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return items.size();
        } finally {
            lock.unlock();
        }
    }

    /** Takes all there is; does not wait. */
    List<T> takeAll() {
        lock.lock();
        try {
            List<T> all = new ArrayList<>(items);
            items.clear();
            return all;
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
