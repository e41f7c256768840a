package io.lifecycle4j;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

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
    public void stop(ShutdownContext context) throws InterruptedException, TimeoutException {
        scheduler.shutdownNow();
        if (!scheduler.awaitTermination(context.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
            throw new TimeoutException("scheduler '" + name + "' still runs a job that was interrupted");
        }
    }

    @Override
    public List<String> inFlight() {
        long now = clock.nanoTime();
        return running.stream()
                .map(run -> "job of " + run.job + ", "
                        + Duration.ofNanos(now - run.since).toMillis() + " ms")
                .toList();
    }

    @Override
    public void execute(Runnable job) {
        scheduler.execute(gated(job));
    }

    @Override
    public Future<?> submit(Runnable job) {
        return scheduler.submit(gated(job));
    }

    @Override
    public <T> Future<T> submit(Runnable job, T result) {
        return scheduler.submit(gated(job), result);
    }

    @Override
    public <T> Future<T> submit(Callable<T> job) {
        return scheduler.submit(gated(job));
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
        return scheduler.scheduleAtFixedRate(gated(job), initialDelay, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable job, long initialDelay, long delay, TimeUnit unit) {
        return scheduler.scheduleWithFixedDelay(gated(job), initialDelay, delay, unit);
    }

    private Runnable gated(Runnable job) {
        checkIsOpen(job);
        return () -> {
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
        if (!gate.tryEnter()) {
            throw rejection();
        }
        Run run = new Run(job, clock.nanoTime());
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
