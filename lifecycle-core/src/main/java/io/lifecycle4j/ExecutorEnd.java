package io.lifecycle4j;

import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Ends an executor within a limit: it accepts nothing new, what it has may finish, and is interrupted when a fifth of the
 * limit is left.
 */
final class ExecutorEnd implements ShutdownCallback {
    private final String name;
    private final ExecutorService executor;

    ExecutorEnd(String name, ExecutorService executor) {
        this.name = name;
        this.executor = executor;
    }

    @Override
    public void run(ShutdownContext context) throws TimeoutException {
        executor.shutdown();
        long patience = context.remaining().toNanos();
        long untilInterrupt = patience / 5 * 4;
        dropWorkDueAfter(untilInterrupt, context);
        int unbegun = 0;
        try {
            if (executor.awaitTermination(untilInterrupt, TimeUnit.NANOSECONDS)) {
                return;
            }
            unbegun = executor.shutdownNow().size();
            if (executor.awaitTermination(patience, TimeUnit.NANOSECONDS) && unbegun == 0) {
                return;
            }
        } catch (InterruptedException atTheStepsLimit) {
            unbegun += executor.shutdownNow().size();
        }
        throw new TimeoutException("executor '" + name + "' was not done in time; " + unbegun + " tasks never began");
    }

    // By default such an executor keeps delayed work after its shutdown, and would wait for what can never run in time.
    private void dropWorkDueAfter(long nanos, ShutdownContext context) {
        if (!(executor instanceof ScheduledThreadPoolExecutor scheduler)) {
            return;
        }
        int dropped = 0;
        for (Runnable work : scheduler.getQueue().toArray(new Runnable[0])) {
            if (work instanceof Delayed delayed
                    && delayed.getDelay(TimeUnit.NANOSECONDS) > nanos
                    && scheduler.remove(work)) {
                dropped++;
            }
        }
        if (dropped > 0) {
            context.note("delayed work dropped, as it was due after the limit: " + dropped
                    + " (executeExistingDelayedTasksAfterShutdownPolicy is true, as by default)");
        }
    }
}
