package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class RequestGateTest {
    private final RequestGate gate = new RequestGate("business");
    private final Wakeup wakeup = new Wakeup(Thread.currentThread());

    @Test
    void isGoingAwayFromTheDrainOnAtTheLatest() {
        assertThat(gate.isGoingAway()).isFalse();
        gate.close(wakeup);
        assertThat(gate.isGoingAway()).isTrue();
    }

    @Test
    void letsInUntilClosed() {
        assertThat(gate.tryEnter()).isTrue();
        gate.close(wakeup);
        assertThat(gate.tryEnter()).isFalse();
        assertThat(gate.inFlight()).isEqualTo(1);
        assertThat(gate.toDrain()).isEqualTo(1);
        assertThat(gate.rejected()).isEqualTo(1);
        assertThat(gate.isDrained()).isFalse();
        gate.leave();
        assertThat(gate.isDrained()).isTrue();
        assertThat(gate.toDrain()).isEqualTo(1);
    }

    @Test
    void aGateOfItsOwnersIsClosedByItAndWakesWhoeverWaitsForTheLast() throws Exception {
        assertThat(gate.tryEnter()).isTrue();
        gate.close();
        assertThat(gate.tryEnter()).isFalse();
        assertThat(gate.awaitDrained(Duration.ZERO)).isFalse();
        CompletableFuture<Boolean> waiting = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            try {
                waiting.complete(gate.awaitDrained(Duration.ofDays(1)));
            } catch (InterruptedException e) {
                waiting.completeExceptionally(e);
            }
        });
        waiter.start();
        Awaitility.await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);
        gate.leave();
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aGateThatServesUntilClosedIsDrainedAtOnceIfNobodyIsInWhenItsOwnerClosesIt() {
        RequestGate serving = RequestGate.servingUntilClosed("business");
        serving.close(wakeup);
        serving.close();
        assertThat(serving.isDrained()).isTrue();
        assertThat(wakeup.isSignalled()).isTrue();
    }

    @Test
    void theLogSaysWhatKeepsAGateOpenInADrain() {
        RequestGate untilIdle = RequestGate.servingUntilIdle("a");
        RequestGate untilClosed = RequestGate.servingUntilClosed("b");
        RequestGate rejecting = new RequestGate("c");
        assertThat(untilIdle.tryEnter()).isTrue(); // else it would close at once
        for (RequestGate gate : List.of(untilIdle, untilClosed, rejecting)) {
            gate.close(wakeup);
        }
        assertThat(untilIdle.openPolicy()).isEqualTo(" (which serves until it is idle)");
        assertThat(untilClosed.openPolicy()).isEqualTo(" (which its server closes)");
        assertThat(rejecting.openPolicy()).isEmpty();
    }

    @Test
    void aGateThatServesUntilClosedLetsInThroughIdleMomentsOfItsDrainUntilItsOwnerClosesIt() {
        RequestGate serving = RequestGate.servingUntilClosed("business");
        serving.close(wakeup);
        assertThat(serving.isDraining()).isTrue();
        assertThat(serving.isClosed()).isFalse();
        assertThat(serving.isDrained()).isFalse();
        assertThat(serving.tryEnter()).isTrue();
        serving.leave();
        assertThat(serving.tryEnter()).as("after an idle moment").isTrue();
        serving.close();
        assertThat(serving.tryEnter()).isFalse();
        assertThat(serving.isDrained()).isFalse();
        assertThat(wakeup.isSignalled()).isFalse();
        serving.leave();
        assertThat(serving.isDrained()).isTrue();
        assertThat(wakeup.isSignalled()).isTrue();
        assertThat(serving.rejected()).isEqualTo(1);
        assertThat(serving.toDrain()).isEqualTo(2);
    }

    @Test
    void aGateThatServesUntilIdleLetsInUntilThereIsAnInstantWithoutRequests() {
        RequestGate serving = RequestGate.servingUntilIdle("business");
        assertThat(serving.tryEnter()).isTrue();
        assertThat(serving.isDraining()).isFalse();
        serving.close(wakeup);
        assertThat(serving.isDraining()).isTrue();
        assertThat(serving.isClosed()).isFalse();
        assertThat(serving.tryEnter()).isTrue();
        serving.leave();
        assertThat(serving.isDrained()).isFalse();
        assertThat(serving.tryEnter()).isTrue();
        serving.leave();
        serving.leave();
        assertThat(serving.isDrained()).isTrue();
        assertThat(serving.tryEnter()).isFalse();
        assertThat(serving.rejected()).isEqualTo(1);
        assertThat(serving.toDrain()).isEqualTo(3);
        assertThat(wakeup.isSignalled()).isTrue();
    }

    @Test
    void aGateThatServesUntilIdleIsClosedByTheEndOfTheDrain() {
        RequestGate serving = RequestGate.servingUntilIdle("business");
        assertThat(serving.tryEnter()).isTrue();
        serving.close(wakeup);
        serving.endDrain();
        assertThat(serving.tryEnter()).isFalse();
        assertThat(serving.isDrained()).isFalse();
        serving.leave();
        assertThat(serving.isDrained()).isTrue();
    }

    @Test
    void anIdleGateThatServesUntilIdleIsClosedAtOnce() {
        RequestGate serving = RequestGate.servingUntilIdle("business");
        serving.close(wakeup);
        assertThat(serving.isClosed()).isTrue();
        assertThat(serving.isDrained()).isTrue();
    }

    @Test
    void anOpenGateIsNeverDrained() {
        assertThat(gate.isDrained()).isFalse();
    }

    @Test
    void anEmptyGateIsDrainedAtOnce() {
        gate.close(wakeup);
        assertThat(gate.isDrained()).isTrue();
    }

    @Test
    void aRequestMayLeaveOnAnotherThread() throws Exception {
        assertThat(gate.tryEnter()).isTrue();
        Thread other = new Thread(gate::leave);
        other.start();
        other.join();
        assertThat(gate.inFlight()).isZero();
    }

    @Test
    void refusesABlankName() {
        assertThatThrownBy(() -> new RequestGate(" "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("gate name: ' ' (expected: not blank)");
    }

    /** A property test: 300 rounds, or as many as {@code -Dgate.rounds} says. A lost wakeup hangs it, and no interrupt ends that. */
    @Test
    @Timeout(value = 6, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void nobodyIsInsideOnceDrainedAndTheLastLeaverWakesTheDrain() throws Exception {
        int rounds = Integer.getInteger("gate.rounds", 300);
        ExecutorService pool = Executors.newCachedThreadPool();
        try {
            for (int round = 0; round < rounds; round++) {
                new Round(round).run(pool);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    /** Some threads that enter and leave, for themselves or for each other, while the gate is closed. */
    private static final class Round {
        private final RequestGate gate = new RequestGate("round");
        private final AtomicLong inside = new AtomicLong();
        private final AtomicLong refused = new AtomicLong();
        private final AtomicLong admitted = new AtomicLong();
        private final Queue<Boolean> owed = new ConcurrentLinkedQueue<>();
        private final AtomicBoolean drained = new AtomicBoolean();
        private final AtomicBoolean intruder = new AtomicBoolean();
        private final long seed;
        private final int threads;
        private final CountDownLatch running;

        Round(long seed) {
            this.seed = seed;
            this.threads = 1 + new Random(seed).nextInt(6);
            this.running = new CountDownLatch(threads);
        }

        void run(ExecutorService pool) throws Exception {
            List<Future<?>> workers = new ArrayList<>();
            for (int worker = 0; worker < threads; worker++) {
                Random random = new Random(seed * 31 + worker);
                workers.add(pool.submit(() -> work(random)));
            }
            running.await();
            Wakeup wakeup = new Wakeup(Thread.currentThread());
            gate.close(wakeup);
            long atClose = gate.toDrain();
            while (!gate.isDrained()) {
                wakeup.await(Clock.SYSTEM, Long.MAX_VALUE);
            }
            drained.set(true);
            assertThat(inside.get()).as("seed %d", seed).isZero();
            for (Future<?> worker : workers) {
                assertThat(gate.isDrained()).as("seed %d", seed).isTrue();
                worker.get(10, TimeUnit.SECONDS);
            }
            assertThat(gate.inFlight()).as("seed %d", seed).isZero();
            assertThat(intruder).as("seed %d", seed).isFalse();
            assertThat(gate.rejected()).as("seed %d", seed).isEqualTo(refused.get());
            assertThat(atClose).as("seed %d", seed).isBetween(0L, admitted.get());
        }

        private void work(Random random) {
            running.countDown();
            for (int late = 0; late < 50; ) {
                if (gate.tryEnter()) {
                    admitted.incrementAndGet();
                    inside.incrementAndGet();
                    if (drained.get()) {
                        intruder.set(true);
                    }
                    owed.add(true);
                } else {
                    refused.incrementAndGet();
                    late++;
                }
                if (random.nextBoolean()) {
                    leaveForSomebody();
                }
            }
            while (leaveForSomebody()) {
                // the last to look leaves for all
            }
        }

        private boolean leaveForSomebody() {
            if (owed.poll() == null) {
                return false;
            }
            inside.decrementAndGet();
            gate.leave();
            return true;
        }
    }
}
