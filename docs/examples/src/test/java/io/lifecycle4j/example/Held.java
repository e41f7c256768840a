package io.lifecycle4j.example;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;

/** A handler's work that a test holds until it releases it. */
final class Held implements Runnable {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    @Override
    public void run() {
        arrived.countDown();
        try {
            released.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("the handler was interrupted"));
        } finally {
            ended.countDown();
        }
    }

    void awaitArrival() throws InterruptedException {
        arrived.await();
    }

    void awaitEnd() throws InterruptedException {
        ended.await();
    }

    void release() {
        released.countDown();
    }
}
