package io.lifecycle4j;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A scheduler as a source of work: each job passes a gate, so that none begins once the drain of a shutdown has begun, and those
 * that run are waited for. A job that the gate rejects fails with a {@link RejectedExecutionException}, after which a
 * scheduler does not repeat it.
 */
final class GatedScheduler extends AbstractExecutorService implements ScheduledExecutorService, ManagedServer {

    /** A job that runs. Its identity counts: the same job may run twice at a time. */
    private static final class Run {
        final String job;
        final long since;

        Run(Object job, long since) {
            String type = job.getClass().getName();
            int lambda = type.indexOf("$$");
            this.job = lambda < 0 ? type : type.substring(0, lambda);
            this.since = since;
        }
    }

    private final String name;
    private final ScheduledExecutorService scheduler;
    private final Clock clock;
    private final RequestGate gate;
    private final Set<Run> running = ConcurrentHashMap.newKeySet();
    // Jobs to execute that have not begun. The scheduler wraps each: if it drops one, to cancel the wrapper would not
    // reach the future that somebody waits for.
    private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();

    /** A job that was submitted, and what it is called. */
    private static final class Submitted<T> extends FutureTask<T> {
        final Object job;

        Submitted(Callable<T> call, Object job) {
            super(call);
            this.job = job;
        }
    }

    GatedScheduler(String name, ScheduledExecutorService scheduler, Clock clock) {
        this.name = name;
        this.scheduler = scheduler;
        this.clock = clock;
        this.gate = new RequestGate(name);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<RequestGate> gates() {
        return List.of(gate);
    }

    @Override
    public void start(ServerContext context) {}

    @Override
    public void stop(ShutdownContext context) throws InterruptedException {
        int dropped = 0;
        for (Runnable job : scheduler.shutdownNow()) {
            boolean repeated = job instanceof RunnableScheduledFuture<?> future && future.isPeriodic();
            dropped += repeated ? 0 : 1;
            cancel(job);
        }
        for (Runnable job : waiting) {
            cancel(job);
        }
        if (dropped > 0) {
            context.note("jobs dropped that had not begun: " + dropped);
        }
        boolean unused = scheduler.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS); // the step's limit ends it
    }

    // Or what waits for it would wait for ever.
    private static void cancel(Object job) {
        if (job instanceof Future<?> future) {
            future.cancel(false);
        }
    }

    @Override
    public List<String> inFlight() {
        long now = clock.nanoTime();
        List<String> jobs = new ArrayList<>();
        for (Run run : running) {
            jobs.add("job of " + run.job + ", "
                    + Duration.ofNanos(now - run.since).toMillis() + " ms");
        }
        return jobs;
    }

    @Override
    public void execute(Runnable job) {
        Runnable gated = gated(job);
        waiting.add(job);
        scheduler.execute(gated);
    }

    @Override
    protected <T> RunnableFuture<T> newTaskFor(Callable<T> job) {
        return new Submitted<>(job, job);
    }

    @Override
    protected <T> RunnableFuture<T> newTaskFor(Runnable job, T value) {
        return new Submitted<>(Executors.callable(job, value), job);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable job, long delay, TimeUnit unit) {
        return scheduler.schedule(gated(job), delay, unit);
    }

    @Override
    public <T> ScheduledFuture<T> schedule(Callable<T> job, long delay, TimeUnit unit) {
        return scheduler.schedule(gated(job), delay, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable job, long initialDelay, long period, TimeUnit unit) {
        return scheduler.scheduleAtFixedRate(logged(gated(job)), initialDelay, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable job, long initialDelay, long delay, TimeUnit unit) {
        return scheduler.scheduleWithFixedDelay(logged(gated(job)), initialDelay, delay, unit);
    }

    // A repeated job that throws is never repeated, and its future is looked at by nobody.
    private Runnable logged(Runnable job) {
        return () -> {
            try {
                job.run();
            } catch (Throwable e) {
                if (!gate.isClosed()) {
                    Log.error("Scheduler '{}': a repeated job failed, and is not repeated any more", name, e);
                }
                throw e;
            }
        };
    }

    private Runnable gated(Runnable job) {
        checkIsOpen(job);
        return () -> {
            waiting.remove(job);
            Run run = enter(job);
            try {
                job.run();
            } finally {
                leave(run);
            }
        };
    }

    private <T> Callable<T> gated(Callable<T> job) {
        checkIsOpen(job);
        return () -> {
            Run run = enter(job);
            try {
                return job.call();
            } finally {
                leave(run);
            }
        };
    }

    private void checkIsOpen(Object job) {
        Names.notNull("job", job);
        if (gate.isClosed()) {
            throw rejection();
        }
    }

    private Run enter(Object job) {
        Run run = new Run(
                job instanceof Submitted<?> task ? task.job : job,
                clock.nanoTime()); // before it enters: without memory for this, nothing is in
        // Looked at before: the next turn of a repeated job is no work that was rejected.
        if (gate.isClosed() || !gate.tryEnter()) {
            cancel(job);
            throw rejection();
        }
        running.add(run);
        return run;
    }

    private void leave(Run run) {
        running.remove(run);
        gate.leave();
    }

    private RejectedExecutionException rejection() {
        return new RejectedExecutionException("scheduler '" + name + "' begins no job in a shutdown");
    }

    @Override
    public void shutdown() {
        scheduler.shutdown();
    }

    @Override
    public List<Runnable> shutdownNow() {
        return scheduler.shutdownNow();
    }

    @Override
    public boolean isShutdown() {
        return scheduler.isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return scheduler.isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return scheduler.awaitTermination(timeout, unit);
    }
}
