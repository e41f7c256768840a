package io.lifecycle4j;

import io.lifecycle4j.Task.OnReturn;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Lets an app start and stop a task as it does a server. Its thread is made at the start and never used again. */
final class BackgroundTask implements ManagedServer {
    private final String name;
    private final OnReturn onReturn;
    private final Task task;
    private final App app;
    private final Thread thread;
    private volatile boolean stopping;
    private volatile @Nullable Throwable failure;

    BackgroundTask(String name, OnReturn onReturn, Task task, App app) {
        this.name = Names.checked("task", name);
        this.onReturn = onReturn;
        this.task = task;
        this.app = app;
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

    @Override
    public void start(ServerContext context) {
        thread.start();
    }

    private void work() {
        try {
            task.run(app);
        } catch (Throwable e) {
            if (!stopping) { // not by our interrupt
                failure = e;
                app.fail("task '" + name + "' failed", e);
            }
            return;
        }
        if (onReturn == OnReturn.SHUT_DOWN) {
            app.requestShutdown("task '" + name + "' has ended");
        }
    }

    @Override
    public void stop(ShutdownContext context) throws ExecutionException {
        stopping = true;
        thread.interrupt();
        awaitEnd();
        Throwable thrown = failure;
        if (thrown != null && thrown != context.reason().failure()) { // else it is reported already
            throw new ExecutionException("task '" + name + "' failed while the app was shutting down", thrown);
        }
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
}
