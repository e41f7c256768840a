package io.lifecycle4j;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The process that an app lives in: the only door to signals, hooks, the clock, exit and halt. There are two, the JVM's own and the
 * fake one of {@code lifecycle-testing}. It is public for that module alone; it is not for users to call or to extend, and changes
 * without notice.
 *
 * @since 0.1
 */
public abstract class HostProcess {

    private volatile @Nullable AppProcess process;

    /** For the two subclasses. */
    protected HostProcess() {}

    /** Runs an app in this process; see {@link App#run(String, AppSetup)}. Returns when the process has ended, if it can. */
    protected final void runApp(String name, AppSetup setup) {
        AppProcess app = new AppProcess(this, name);
        process = app;
        app.run(setup);
    }

    /**
     * Returns the current phase's steps that have not ended, each by its name with its threads: its own, and the one that it waits for,
     * if that is known.
     */
    protected final Map<String, List<Thread>> runningSteps() {
        AppProcess app = process;
        return app == null ? Map.of() : app.runningSteps();
    }

    /** Makes the app the owner of the process; throws {@link IllegalStateException} if it has one already. */
    protected abstract void claim(String app);

    /**
     * Installs handlers and a hook.
     *
     * @param onSignal takes each signal's name, INT, TERM or HUP, on any thread
     * @param onExit is run by the hook, and returns when the process may end
     * @return the names of the signals that can come
     * @throws AppStartException if there are none at all
     */
    protected abstract List<String> listen(Consumer<String> onSignal, Runnable onExit) throws AppStartException;

    /** Gives INT and TERM back to the system's default, so that one more kills. */
    protected abstract void restoreSignals();

    /** Exits, hooks included. */
    protected abstract void exit(int status);

    /** Ends at once. */
    protected abstract void halt(int status);

    /**
     * Takes how the start has ended. May block: the calling thread has nothing else to do.
     *
     * @param running whether the app runs
     * @param rehearsal runs a shutdown over nothing, so that the real one finds its code loaded
     */
    protected abstract void startEnded(boolean running, Runnable rehearsal);

    /** Blocks until the process has ended. */
    protected abstract void awaitEnd();

    /** Returns nanoseconds since some origin in the past; never negative, never going back. */
    protected abstract long nanoTime();

    /** Parks the calling thread until it is unparked or the time has come; may return for no reason. */
    protected abstract void parkUntil(long nanoTime);

    final Clock clock() {
        return new Clock() {
            @Override
            public long nanoTime() {
                return HostProcess.this.nanoTime();
            }

            @Override
            public void parkUntil(long nanoTime) {
                HostProcess.this.parkUntil(nanoTime);
            }
        };
    }
}
