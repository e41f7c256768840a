package io.lifecycle4j.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Controls what the endpoint of every kind does in a test. Thread-safe. */
final class Script {
    /** A place where the server's thread waits while the test keeps it closed. */
    static final class Barrier {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);
        private volatile boolean closed;
        private volatile boolean uninterruptible;

        void close() {
            closed = true;
        }

        void ignoreInterrupts() {
            uninterruptible = true;
        }

        void open() {
            open.countDown();
        }

        void awaitReached() throws InterruptedException {
            assertThat(reached.await(20, TimeUnit.SECONDS)).as("reached").isTrue();
        }

        private void pass() {
            reached.countDown();
            boolean interrupted = false;
            while (closed && open.getCount() > 0 && (uninterruptible || !interrupted)) {
                try {
                    open.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Each upgrade passes it before its session opens. */
    final Barrier upgrade = new Barrier();
    /** Each session that opens passes it, in its listener. */
    final Barrier opening = new Barrier();
    /** Each message that arrives passes it, in the session's listener. */
    final Barrier message = new Barrier();
    /** Each session that fails or closes passes it, in its listener. */
    final Barrier closing = new Barrier();
    /** For each open session, a call that sends a text without waiting. */
    final List<Consumer<String>> open = new CopyOnWriteArrayList<>();

    private volatile boolean echoes;
    private volatile boolean fails;

    /** From now on, listeners send each message back that arrives. */
    void echo() {
        echoes = true;
    }

    /** From now on, listeners throw at each message, as they may when their reply cannot be sent any more. */
    void fail() {
        fails = true;
    }

    /** Queues texts for each open session; each text begins with a q and can hardly be compressed. */
    void queue(int count, int bytes) {
        byte[] noise = new byte[bytes];
        new Random(1).nextBytes(noise);
        String text = 'q' + Base64.getEncoder().encodeToString(noise).substring(1, bytes);
        for (Consumer<String> session : open) {
            for (int i = 0; i < count; i++) {
                session.accept(text);
            }
        }
    }

    void upgrading() {
        upgrade.pass();
    }

    void opened(Consumer<String> session) {
        open.add(session);
        opening.pass();
    }

    void closed() {
        closing.pass();
    }

    void received(String text, Consumer<String> session) {
        message.pass();
        if (fails) {
            throw new IllegalStateException("the script says so");
        }
        if (echoes) {
            session.accept(text);
        }
    }
}
