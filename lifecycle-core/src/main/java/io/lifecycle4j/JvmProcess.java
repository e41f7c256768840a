package io.lifecycle4j;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** This JVM. The one class that exits or halts. */
final class JvmProcess extends HostProcess {
    private static final AtomicReference<String> OWNER = new AtomicReference<>();

    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    protected void claim(String app) {
        if (!OWNER.compareAndSet(null, app)) {
            throw new IllegalStateException("App '" + app + "' cannot run: this JVM belongs to app '" + OWNER.get()
                    + "' (build a second one with App.builder, and start it within the first)");
        }
    }

    @Override
    protected List<String> listen(Consumer<String> onSignal, Runnable onExit) throws AppStartException {
        Signals.addHook(onExit);
        return Signals.install(onSignal);
    }

    @Override
    protected void restoreSignals() {
        Signals.restoreDefaults();
    }

    @Override
    protected void exit(int status) {
        System.exit(status);
    }

    @Override
    protected void halt(int status) {
        Runtime.getRuntime().halt(status);
    }

    @Override
    protected void startEnded(boolean running, Runnable rehearsal) {
        if (running) {
            rehearsal.run();
        }
    }

    @Override
    protected void awaitEnd() {
        while (true) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // nothing but exit or halt ends this wait
            }
        }
    }

    @Override
    protected long nanoTime() {
        return Clock.SYSTEM.nanoTime();
    }

    @Override
    protected void parkUntil(long nanoTime) {
        Clock.SYSTEM.parkUntil(nanoTime);
    }
}
