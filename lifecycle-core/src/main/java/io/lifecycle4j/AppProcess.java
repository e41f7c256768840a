package io.lifecycle4j;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An app that owns its process: turns signals into requests, the report into an exit status, and a second signal or the
 * deadline into a forced exit.
 *
 * <p>Threads, all made before the first start: the <em>shutdown</em> thread, parked until asked, runs the sequence and is the
 * only one that exits; it is no daemon, so that the JVM lives as long as it does. The <em>watchdog</em> forces the exit at the
 * deadline. Signals come on threads of the JVM's; the hook has its own.
 *
 * <p>Races. Two signals at once, which the JVM may bring in either order: one compare-and-set makes one of them the first,
 * which asks; the other forces. Second signal against deadline: the first to force wins, and the other has nothing left to do.
 * Forced exit against clean exit: {@code halt} needs nothing that {@code exit} holds, so it wins whenever it comes. {@code
 * System.exit} elsewhere against ours: the JVM takes the first status; ours comes only after {@link #finished}, for which alone
 * the hook waits, so neither waits for the other.
 */
final class AppProcess {
    private static final int FORCED = 1;

    private record CountedSignal(String name, long time) {}

    private final HostProcess host;
    private final Clock clock;
    private final App app;
    private final Thread shutdown;
    private final Thread watchdog;
    private final Wakeup shutdownWakeup;
    private final Wakeup watchdogWakeup;
    private final LastWords lastWords;
    private final SpareThreads spares;
    private final CountDownLatch finished = new CountDownLatch(1);
    private final AtomicReference<@Nullable CountedSignal> firstSignal = new AtomicReference<>();
    private final AtomicBoolean ending = new AtomicBoolean();
    private volatile boolean exiting;

    AppProcess(HostProcess host, String name) {
        this.host = host;
        this.clock = host.clock();
        this.app = new App(name, clock, this::wake);
        host.claim(name);
        this.lastWords = new LastWords(name);
        this.spares = new SpareThreads(name, 2); // for the log and for a step
        this.shutdown = new Thread(this::runShutdown, name + "-shutdown");
        this.watchdog = new Thread(this::watch, name + "-watchdog");
        this.shutdownWakeup = new Wakeup(shutdown);
        this.watchdogWakeup = new Wakeup(watchdog);
    }

    void run(AppSetup setup) {
        shutdown.setDaemon(false);
        shutdown.start();
        watchdog.setDaemon(true);
        watchdog.start();
        warmUp();
        List<String> signals = List.of();
        try {
            signals = host.listen(this::onSignal, this::onExit);
        } catch (Throwable e) { // the JVM is exiting already, or has no signals at all
            app.fail("handlers for signals and exit cannot be installed", e);
        }
        // Loads the logger, which may take longer than the report of an early end is waited for.
        Log.debug("App '{}' is starting", app.name());
        boolean started = app.setUpAndStart(setup);
        if (started) {
            Log.info("App '{}' is running{}", app.name(), whatStopsIt(signals));
        }
        host.awaitEnd(started); // returns if it is a fake one, whose JVM goes on
        lastWords.end();
        spares.end();
    }

    Map<String, List<Thread>> runningSteps() {
        return app.runningSteps();
    }

    private static String whatStopsIt(List<String> signals) {
        String names = (signals.contains("INT") ? "Ctrl+C" : "")
                + (signals.containsAll(List.of("INT", "TERM")) ? " or " : "")
                + (signals.contains("TERM") ? "TERM" : "");
        return names.isEmpty() ? "" : "; " + names + " stops it, a second one forces the exit";
    }

    private void wake() {
        shutdownWakeup.signal();
        watchdogWakeup.signal();
    }

    private void onSignal(String signal) {
        if (signal.equals("HUP")) { // a closed terminal asks, and never forces
            app.request(ShutdownReason.signal(signal));
            return;
        }
        CountedSignal now = new CountedSignal(signal, clock.nanoTime());
        CountedSignal first = firstSignal.compareAndExchange(null, now);
        if (first == null) {
            app.request(ShutdownReason.signal(signal));
        } else if (!isEcho(first, now)) {
            force(() -> "second signal (SIG" + signal + ")");
        }
    }

    private boolean isEcho(CountedSignal first, CountedSignal now) {
        return first.name().equals(now.name())
                && now.time() - first.time() < app.echoWindow().toNanos();
    }

    /** Runs in the JVM's hook, for whatever reason the JVM exits. */
    private void onExit() {
        exiting = true;
        app.request(ShutdownReason.exit());
        wake();
        try {
            finished.await(); // bounded by the deadline, which halts
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void runShutdown() {
        while (!app.isShuttingDown()) {
            shutdownWakeup.await(clock, Long.MAX_VALUE);
        }
        int status = FORCED;
        try {
            ShutdownReport report = app.runSequence(shutdownWakeup, () -> exiting, spares);
            finished.countDown(); // before the user's function, which may call System.exit
            status = status(report);
        } catch (Throwable e) {
            Log.error("App '{}': the shutdown itself failed", app.name(), e);
        } finally {
            finished.countDown();
            host.exit(status);
            ending.set(true); // only a fake process is still there
            watchdogWakeup.signal();
        }
    }

    private int status(ShutdownReport report) {
        try {
            return app.exitStatus().applyAsInt(report);
        } catch (RuntimeException e) {
            Log.error("App '{}': the function for the exit status failed; the status is 1", app.name(), e);
            return FORCED;
        }
    }

    private void watch() {
        try {
            awaitDeadline();
            force(() -> "shutdownTimeout of " + Text.of(app.limits().shutdown()) + " has passed");
        } catch (Throwable e) {
            // With a full heap anything throws, a string's first use too; the exit is all that counts.
            host.halt(FORCED);
        }
    }

    private void awaitDeadline() {
        while (!app.isShuttingDown()) {
            watchdogWakeup.await(clock, Long.MAX_VALUE);
        }
        long deadline = new Budget(app.limits(), app.lifecycle().stop().since()).deadline();
        while (clock.nanoTime() < deadline && !ending.get()) {
            watchdogWakeup.await(clock, deadline);
        }
    }

    private void force(Supplier<String> cause) {
        if (!ending.compareAndSet(false, true)) {
            return;
        }
        try {
            lastWords.speak(describe(cause.get()), !exiting, host::restoreSignals);
        } finally {
            host.halt(FORCED);
        }
    }

    private String describe(String cause) {
        Phase phase = app.phase();
        return "App '" + app.name() + "' is forced to exit with status " + FORCED + ": " + cause + "; "
                + (phase == null ? app.state().name() : phase.name()) + "; still running: " + app.stillRunning();
    }

    // What a forced exit runs is loaded now: then, memory or a disk may be what is stuck.
    private void warmUp() {
        // Not a record's hashCode: the JDK generates that at its first call, for 20 ms.
        if (describe("").isEmpty() || new CountedSignal("", 0).time() != 0) {
            throw new AssertionError();
        }
    }
}
