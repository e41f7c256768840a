package io.lifecycle4j;

/** A task that is asked to end. */
record StoppableTask(Runnable stop, Task work) implements Task {

    @Override
    public void run(AppView app) throws Exception {
        work.run(app);
    }
}
