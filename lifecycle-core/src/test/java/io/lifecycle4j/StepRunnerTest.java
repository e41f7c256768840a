package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.ShutdownReport.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Steps for which the system has no thread. */
@Timeout(30)
class StepRunnerTest {
    private static final Duration LIMIT = Duration.ofSeconds(3);

    private final AtomicInteger refusals = new AtomicInteger();
    private long now;
    private boolean begun;

    /** Lets time pass only while there is no thread; otherwise it waits for one to end. */
    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public void parkUntil(long nanoTime) {
            if (!begun) {
                now = nanoTime;
            } else {
                Clock.SYSTEM.parkUntil(Long.MAX_VALUE);
            }
        }
    };

    private final SpareThreads scarce = new SpareThreads("im", 0) {
        @Override
        @Nullable
        Throwable start(Thread thread) {
            begun = refusals.getAndDecrement() <= 0;
            return begun ? super.start(thread) : new OutOfMemoryError("no thread");
        }
    };

    @Test
    void aStepWithoutAThreadIsTriedAgainUntilThereIsOne() {
        refusals.set(4);
        ShutdownReport.Step step = runStep();
        assertThat(step.outcome()).isEqualTo(Outcome.CLEAN);
        assertThat(now).isEqualTo(Duration.ofMillis(300).toNanos());
    }

    @Test
    void aStepThatNeverGetsAThreadFailsNearItsLimitAndSaysWhy() {
        refusals.set(Integer.MAX_VALUE);
        ShutdownReport.Step step = runStep();
        assertThat(step.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(step.failure()).hasMessage("no thread");
        assertThat(step.abandoned()).isFalse();
        assertThat(step.duration()).isEqualTo(Duration.ofMillis(2_900));
    }

    private ShutdownReport.Step runStep() {
        Lifecycle lifecycle = new Lifecycle("im", clock, Events.NONE);
        ShutdownReason reason = ShutdownReason.request("test");
        Lifecycle.Stop stop = new Lifecycle.Stop(reason, 0, true);
        ShutdownLog log = new ShutdownLog("im", stop, Log.LOGGER);
        Wakeup wakeup = new Wakeup(Thread.currentThread());
        Execution execution = new Execution(clock, wakeup, scarce, Events.NONE, Log.LOGGER, () -> false);
        StepRunner runner = new StepRunner(lifecycle, stop, log, execution);
        StepRunner.Step step = new StepRunner.Step(Phase.CALLBACKS, "flush", 0, LIMIT.toNanos(), context -> {}, null);
        return runner.run(List.of(step), () -> true, 0).get(0);
    }

    @Test
    void aThreadThatCannotStartGetsThePlaceOfASpareOne() throws Exception {
        SpareThreads spares = new SpareThreads("spare-test", 2);
        spares.reserve();
        CountDownLatch ran = new CountDownLatch(1);
        AtomicInteger tries = new AtomicInteger();
        Thread thread = new Thread(ran::countDown) {
            @Override
            public synchronized void start() {
                if (tries.incrementAndGet() < 3) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                super.start();
            }
        };
        assertThat(spares.start(thread)).isNull();
        ran.await();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(each -> each.getName().equals("spare-test-spare"));
    }
}
