package io.lifecycle4j;

import io.lifecycle4j.Task.OnReturn;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Starts and stops a task as if it were a server. Its thread is made at the start and never used again.
 *
 * <p>What the task throws is the reason of a shutdown, if there is none yet; else it is the failure of the next step that looks, in
 * DRAIN or in STOP. What it throws once it was interrupted is dropped: that is how an interrupted task ends.
 */
final class BackgroundTask implements ManagedServer {
    private final String name;
    private final OnReturn onReturn;
    private final Task task;
    private final App app;
    private final AppRunner runner;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean interrupted;

    BackgroundTask(String name, OnReturn onReturn, Task task, App app, AppRunner runner) {
        this.name = Names.checked("task", name);
        this.onReturn = onReturn;
        this.task = task;
        this.app = app;
        this.runner = runner;
        this.thread = new Thread(this::work, app.name() + "-" + name);
        thread.setDaemon(true);
    }

    @Override
    public String name() {
        return name;
    }

    /** Where to look for the reason if it does not stop. */
    Thread thread() {
        return thread;
    }

    /** Whether it can be asked to end, and so ends in DRAIN. */
    boolean endsInDrain() {
        return task instanceof StoppableTask;
    }

    @Override
    public void start(ServerContext context) {
        thread.start();
    }

    private void work() {
        try {
            runTask();
        } finally {
            ended.countDown();
        }
    }

    private void runTask() {
        try {
            task.run(app);
        } catch (Throwable e) {
            if (!interrupted && !runner.fail("task '" + name + "' failed", e)) {
                failure.set(e);
            }
            return;
        }
        if (onReturn == OnReturn.SHUT_DOWN) {
            app.requestShutdown("task '" + name + "' has ended");
        }
    }

    @Override
    public void drain(ShutdownContext context) throws ExecutionException {
        Throwable refusal = null;
        if (task instanceof StoppableTask stoppable && thread.isAlive()) {
            try {
                stoppable.stop().run();
            } catch (Throwable e) {
                refusal = thread.isAlive() ? e : null; // a task that has just ended may well refuse to be asked
            }
            try {
                ended.await();
            } catch (InterruptedException e) {
                // Near the limit: the step is late, and STOP interrupts the task.
            }
        }
        throwFailure();
        if (refusal != null) {
            throw new ExecutionException("task '" + name + "' could not be asked to end", refusal);
        }
    }

    @Override
    public void stop(ShutdownContext context) throws ExecutionException {
        interrupted = true;
        thread.interrupt();
        awaitEnd();
        throwFailure();
    }

    // Bounded by the step's limit, at which both threads are abandoned; an interrupt near it is meant for the task.
    private void awaitEnd() {
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                thread.interrupt();
            }
        }
    }

    private void throwFailure() throws ExecutionException {
        Throwable thrown = failure.getAndSet(null);
        if (thrown != null) {
            throw new ExecutionException("task '" + name + "' failed while the app was shutting down", thrown);
        }
    }
}
