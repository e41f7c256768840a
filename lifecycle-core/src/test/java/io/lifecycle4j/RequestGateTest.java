package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class RequestGateTest {
    private final RequestGate gate = new RequestGate("business");
    private final Wakeup wakeup = new Wakeup(Thread.currentThread());

    @Test
    void letsInUntilClosed() {
        assertThat(gate.tryEnter()).isTrue();
        gate.close(wakeup);
        assertThat(gate.tryEnter()).isFalse();
        assertThat(gate.inFlight()).isEqualTo(1);
        assertThat(gate.inFlightAtClose()).isEqualTo(1);
        assertThat(gate.rejected()).isEqualTo(1);
        assertThat(gate.isDrained()).isFalse();
        gate.leave();
        assertThat(gate.isDrained()).isTrue();
        assertThat(gate.inFlightAtClose()).isEqualTo(1);
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

    @Test
    @Timeout(
            value = 60,
            threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // a lost wakeup hangs, and no interrupt ends it
    void nobodyIsInsideOnceDrainedAndTheLastLeaverWakesTheDrain() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 500; round++) {
                closeUnderLoad(pool);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    // The waiting has no time limit: a wakeup that is lost hangs the test.
    private static void closeUnderLoad(ExecutorService pool) throws Exception {
        RequestGate gate = new RequestGate("round");
        AtomicLong inside = new AtomicLong();
        AtomicLong refused = new AtomicLong();
        AtomicBoolean drained = new AtomicBoolean();
        AtomicBoolean intruder = new AtomicBoolean();
        CountDownLatch running = new CountDownLatch(3);
        List<Future<?>> workers = new ArrayList<>();
        for (int worker = 0; worker < 3; worker++) {
            workers.add(pool.submit(() -> {
                running.countDown();
                for (int late = 0; late < 50; ) {
                    if (gate.tryEnter()) {
                        inside.incrementAndGet();
                        if (drained.get()) {
                            intruder.set(true);
                        }
                        inside.decrementAndGet();
                        gate.leave();
                    } else {
                        refused.incrementAndGet();
                        late++;
                    }
                }
            }));
        }
        running.await();
        Wakeup wakeup = new Wakeup(Thread.currentThread());
        gate.close(wakeup);
        while (!gate.isDrained()) {
            wakeup.await(Clock.SYSTEM, Long.MAX_VALUE);
        }
        drained.set(true);
        assertThat(inside.get()).isZero();
        for (Future<?> worker : workers) {
            worker.get(10, TimeUnit.SECONDS);
        }
        assertThat(intruder).isFalse();
        assertThat(gate.rejected()).isEqualTo(refused.get());
    }
}
