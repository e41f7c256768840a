package io.lifecycle4j.sample.im.threads;

import java.util.concurrent.ThreadFactory;

/** Threads that do not keep the JVM, for executors. */
public final class DaemonThreads {
    private DaemonThreads() {}

    public static ThreadFactory named(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
