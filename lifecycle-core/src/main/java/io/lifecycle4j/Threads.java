package io.lifecycle4j;

/** Makes daemon threads that inherit nothing: whoever happens to ask for one leaves no thread-locals on it. */
final class Threads {

    private Threads() {}

    static Thread create(String name, Runnable work) {
        Thread thread = new Thread(null, work, name, 0, false);
        thread.setDaemon(true);
        return thread;
    }
}
