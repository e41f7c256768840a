package io.lifecycle4j;

/** Makes daemon threads that inherit nothing, such as the thread-locals of the thread that happens to make them. */
final class Threads {

    private Threads() {}

    static Thread create(String name, Runnable work) {
        Thread thread = new Thread(null, work, name, 0, false);
        thread.setDaemon(true);
        return thread;
    }
}
