package io.lifecycle4j;

import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RunnableScheduledFuture;
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
            boolean unused = executor.awaitTermination(patience, TimeUnit.NANOSECONDS);
        } catch (InterruptedException atTheStepsLimit) {
            unbegun += executor.shutdownNow().size();
        }
        throw new TimeoutException(
                "executor '" + name + "' was not done in time, and was interrupted; " + unbegun + " tasks never began");
    }

    // By default such an executor keeps delayed work after its shutdown, and would wait for what can never run in time.
    private void dropWorkDueAfter(long nanos, ShutdownContext context) {
        if (!(executor instanceof ScheduledThreadPoolExecutor scheduler)) {
            return;
        }
        int dropped = 0;
        String policy = "executeExistingDelayedTasksAfterShutdownPolicy";
        for (Runnable work : scheduler.getQueue().toArray(new Runnable[0])) {
            if (work instanceof Delayed delayed
                    && delayed.getDelay(TimeUnit.NANOSECONDS) > nanos
                    && scheduler.remove(work)) {
                dropped++;
                if (work instanceof RunnableScheduledFuture<?> future) {
                    policy = future.isPeriodic() ? "continueExistingPeriodicTasksAfterShutdownPolicy" : policy;
                    future.cancel(false);
                }
            }
        }
        if (dropped > 0) {
            context.note("delayed tasks dropped, since they are due after the limit: " + dropped
                    + " (kept by the executor's " + policy + ")");
        }
    }
}
