package io.lifecycle4j;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An app that owns its process: turns signals into requests, the report into an exit status, and a second signal or the
 * deadline into a forced exit.
 *
 * <p>Threads, all made before the setup: the <em>shutdown</em> thread, parked until asked, runs the sequence and is the
 * only one that exits; it is no daemon, so that the JVM lives as long as it does. The <em>watchdog</em> forces the exit at the
 * deadline. Signals come on threads of the JVM's; the hook has its own. If one of ours cannot be had, the process is halted.
 *
 * <p>How the process ends is one {@link Ending}, changed by compare-and-set alone:
 *
 * <pre>
 * OPEN ─┬─> EXITING ─┬─> the end: our status, or that of another call of System.exit
 *       │            └─> CUT_SHORT ──> halt
 *       └─> FORCED ──────────────────> halt
 * </pre>
 *
 * <p>Races. <em>Two signals at once</em>, which the JVM may bring in either order: one compare-and-set makes one of them the
 * first, which asks; the other forces. <em>Second signal against deadline</em>: the first to leave OPEN or EXITING for a halt
 * wins, and the other has nothing left to do. <em>Forced exit against clean exit</em>: both leave OPEN. If FORCED wins, the
 * shutdown thread does not exit and the hook does not return, so that no exit ends before {@code halt(1)}, and the line that
 * tells the status is true. If EXITING wins, the JVM's other hooks run, which may hang: a second signal or the deadline still
 * halts, but the end of the hooks may come first, so that line tells no status. <em>{@code System.exit} elsewhere against
 * ours</em>: the JVM takes the first status; ours comes only after {@link #finished}, for which alone the hook waits, so neither
 * waits for the other; whichever comes first leaves OPEN, and the other finds EXITING.
 */
final class AppProcess {
    private enum Ending {
        /** The app runs, or its shutdown does. */
        OPEN,
        /** The sequence is over, and the JVM exits. */
        EXITING,
        /** A halt comes in place of the sequence's end and of any exit. */
        FORCED,
        /** A halt comes if the JVM's other hooks do not end before it. */
        CUT_SHORT,
        /** The process is a fake one and has ended. */
        OVER
    }

    private static final int FAILED = 1;
    // One on which the JVM hands over a signal, one for the hook.
    private static final int THREADS_OF_THE_JVM = 2;
    // A rehearsal takes six at a time, and the JVM may need its own two meanwhile: a signal without a thread is lost.
    private static final int THREADS_TO_REHEARSE = 8;
    private static final String LIMITS_OF_THREADS = " (limits: ulimit -u, a container's pids.max, systemd's TasksMax)";

    private record CountedSignal(String name, long time) {}

    private final HostProcess host;
    private final Clock clock;
    private final AppRunner runner;
    private final App app;
    private final Thread shutdown;
    private final Thread watchdog;
    private final Wakeup shutdownWakeup;
    private final Wakeup watchdogWakeup;
    private final LastWords lastWords;
    private final SpareThreads spares;
    private final CountDownLatch finished = new CountDownLatch(1);
    private final AtomicReference<@Nullable CountedSignal> firstSignal = new AtomicReference<>();
    private final AtomicReference<Ending> ending = new AtomicReference<>(Ending.OPEN);
    private volatile boolean exiting;
    private boolean roomToRehearse; // of the thread that calls run

    AppProcess(HostProcess host, String name) {
        this.host = host;
        this.clock = host.clock();
        this.runner = new AppRunner(name, clock, this::wake);
        this.app = new App(runner);
        host.claim(name);
        this.lastWords = new LastWords(name);
        this.spares = new SpareThreads(name, 3); // for the log, an event and a step
        this.shutdown = new Thread(this::runShutdown, name + "-shutdown");
        this.watchdog = new Thread(this::watch, name + "-watchdog");
        this.shutdownWakeup = new Wakeup(shutdown);
        this.watchdogWakeup = new Wakeup(watchdog);
    }

    void run(AppSetup setup) {
        try {
            startThreads();
        } catch (Throwable e) { // the system gives no more, or there is no memory for one
            haltWithoutThreads(e);
            return; // only a fake process is still there
        }
        warmUp();
        List<String> signals = List.of();
        Throwable deaf = null;
        try {
            signals = host.listen(this::onSignal, this::onExit);
        } catch (Throwable e) { // the JVM is exiting already, or has no signals at all
            deaf = e;
        }
        // Loads the logger, which may take longer than the report of an early end is waited for.
        Log.debug("App '{}' is starting", app.name());
        if (deaf != null) {
            runner.fail("handlers for signals and exit cannot be installed", deaf);
        }
        boolean started = runner.setUpAndStart(app, setup, this::checkRoomForThreads);
        if (started) {
            Log.info("App '{}' is running{}", app.name(), whatStopsIt(signals));
        }
        host.startEnded(started, roomToRehearse ? runner::rehearse : () -> {});
        host.awaitEnd(); // returns if it is a fake one, whose JVM goes on
        lastWords.end();
        spares.end();
    }

    private void startThreads() {
        spares.reserve();
        lastWords.start();
        watchdog.setDaemon(true);
        watchdog.start();
        shutdown.setDaemon(false);
        shutdown.start();
    }

    // Not by exit: nothing is there to be released, and nothing would end hooks that hang.
    private void haltWithoutThreads(Throwable failure) {
        try {
            host.restoreSignals(); // stderr may be a full pipe: then TERM still kills
        } catch (Throwable e) {
            // the halt is all that counts
        }
        try {
            String line = "App '" + app.name() + "' could not start: it cannot have the threads it needs: "
                    + Text.of(failure) + LIMITS_OF_THREADS;
            Log.toStderr(line);
            Log.error("{}", line);
        } finally {
            host.halt(FAILED);
        }
    }

    /** Throws if the JVM can no longer make the threads that a shutdown needs of it: no signal would ever come. */
    private void checkRoomForThreads() throws AppStartException {
        Throwable missing = SpareThreads.missing(app.name(), THREADS_OF_THE_JVM);
        if (missing != null) {
            String message = "no thread is left on which a signal could come: " + Text.of(missing) + LIMITS_OF_THREADS;
            throw new AppStartException(message, missing);
        }
        roomToRehearse = SpareThreads.missing(app.name(), THREADS_TO_REHEARSE) == null;
    }

    Map<String, List<Thread>> runningSteps() {
        return runner.runningSteps();
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
        if (signal.equals("HUP")) {
            onHangup();
            return;
        }
        CountedSignal now = new CountedSignal(signal, clock.nanoTime());
        CountedSignal first = firstSignal.compareAndExchange(null, now);
        if (first == null) {
            runner.request(ShutdownReason.signal(signal));
        } else if (!isEcho(first, now)) {
            force(() -> "second signal (SIG" + signal + ")");
        }
    }

    // A closed terminal asks, and never forces; unless HUP is the service's own.
    private void onHangup() {
        Runnable action = settings().onHangup();
        if (action == null || app.isShuttingDown()) {
            runner.request(ShutdownReason.signal("HUP"));
            return;
        }
        try {
            action.run();
        } catch (Throwable e) {
            Log.error("App '{}': the action for HUP failed", app.name(), e);
        }
    }

    private boolean isEcho(CountedSignal first, CountedSignal now) {
        return first.name().equals(now.name())
                && now.time() - first.time() < settings().echoWindow().toNanos();
    }

    /** Runs in the JVM's hook, for whatever reason the JVM exits. */
    private void onExit() {
        exiting = true;
        runner.request(ShutdownReason.exit());
        wake();
        boolean waiting = true;
        while (waiting) {
            try {
                finished.await(); // bounded by the deadline, which halts
                waiting = false;
            } catch (InterruptedException e) {
                // a return would let the exit go on
            }
        }
        if (!mayExit()) {
            host.awaitEnd();
        }
    }

    private boolean mayExit() {
        return ending.compareAndSet(Ending.OPEN, Ending.EXITING) || ending.get() != Ending.FORCED;
    }

    private void runShutdown() {
        BooleanSupplier isExiting = () -> exiting; // made while there is time
        while (!app.isShuttingDown()) {
            shutdownWakeup.await(clock, Long.MAX_VALUE);
        }
        int status = FAILED;
        try {
            ShutdownReport report = runner.runShutdown(shutdownWakeup, spares, isExiting);
            finished.countDown(); // before the user's function, which may call System.exit
            status = status(report);
        } catch (Throwable e) {
            Log.error("App '{}': the shutdown itself failed", app.name(), e);
        } finally {
            finished.countDown();
            end(status);
        }
    }

    private void end(int status) {
        if (mayExit()) {
            host.exit(status);
            ending.set(Ending.OVER); // only a fake process is still there
            watchdogWakeup.signal();
        } else {
            host.awaitEnd();
        }
    }

    private int status(ShutdownReport report) {
        try {
            return settings().exitStatus().applyAsInt(report);
        } catch (RuntimeException e) {
            Log.error("App '{}': the function for the exit status failed; the status is 1", app.name(), e);
            return FAILED;
        }
    }

    private void watch() {
        try {
            awaitDeadline();
            force(() -> "shutdownTimeout of " + Text.of(settings().limits().shutdown()) + " has passed");
        } catch (Throwable e) {
            // With a full heap anything throws, a string's first use too; the exit is all that counts.
            host.halt(settings().forcedStatus());
        }
    }

    private void awaitDeadline() {
        while (!app.isShuttingDown()) {
            watchdogWakeup.await(clock, runner.watchStart());
        }
        long deadline =
                new Budget(settings().limits(), runner.lifecycle().stop().since()).deadline();
        while (clock.nanoTime() < deadline && mayBeHalted()) {
            watchdogWakeup.await(clock, deadline);
        }
    }

    private boolean mayBeHalted() {
        return ending.get() == Ending.OPEN || ending.get() == Ending.EXITING;
    }

    private void force(Supplier<String> cause) {
        boolean forced = ending.compareAndSet(Ending.OPEN, Ending.FORCED);
        if (!forced && !ending.compareAndSet(Ending.EXITING, Ending.CUT_SHORT)) {
            return;
        }
        try {
            String line = forced ? describeForced(cause.get()) : describeCutShort(cause.get());
            lastWords.speak(line, forced && !exiting, host::restoreSignals);
        } finally {
            host.halt(settings().forcedStatus());
        }
    }

    private Settings settings() {
        return runner.registry().settings();
    }

    private String describeForced(String cause) {
        Phase phase = app.phase();
        return "App '" + app.name() + "' is forced to exit with status "
                + settings().forcedStatus() + ": " + cause + "; "
                + (phase == null ? app.state().name() : phase.name()) + "; still running: " + runner.stillRunning();
    }

    private String describeCutShort(String cause) {
        return "App '" + app.name() + "' has shut down; " + cause + ": the JVM's remaining hooks are not waited for";
    }

    // What a forced exit runs is loaded now: then, memory or a disk may be what is stuck.
    private void warmUp() {
        // Not a record's hashCode: the JDK generates that at its first call, for 20 ms.
        if (describeForced("").isEmpty() || describeCutShort("").isEmpty() || new CountedSignal("", 0).time() != 0) {
            throw new AssertionError();
        }
    }
}
