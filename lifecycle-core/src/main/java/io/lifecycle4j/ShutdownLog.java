package io.lifecycle4j;

import io.lifecycle4j.ShutdownReport.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * Logs a shutdown for operators. A daemon thread of its own writes the lines, in order: a logger that hangs, on a
 * full pipe for instance, costs the shutdown its lines and not its steps.
 */
final class ShutdownLog {

    private final String app;
    private final ShutdownReason reason;
    private final Logger log;
    private final boolean chatty;
    private final BlockingQueue<Runnable> lines = new LinkedBlockingQueue<>();
    private final Thread writer;
    private final CountDownLatch written = new CountDownLatch(1);
    private boolean last; // read and written by the writer's thread alone

    ShutdownLog(String app, Lifecycle.Stop stop, Logger log) {
        this.app = app;
        this.log = log;
        this.reason = stop.reason();
        // A port in use is worth one line, and the stop of what had not started yet is not worth twenty.
        this.chatty = stop.wasRunning() || !(reason.failure() instanceof AppStartException);
        this.writer = Threads.create(app + "-log", this::write);
    }

    void begin(Duration timeout, SpareThreads spares) {
        if (spares.start(writer) != null) {
            written.countDown(); // without lines, then
        }
        Throwable failure = reason.failure();
        if (!chatty) {
            add(Level.ERROR, "App '{}' could not start: {}", app, reason);
        } else if (failure != null) {
            add(Level.ERROR, "App '{}': {}", app, reason, failure);
        }
        String force = reason.kind() == ShutdownReason.Kind.SIGNAL
                        && !reason.description().equals("SIGHUP")
                ? "; a second signal forces the exit"
                : "";
        say("App '{}' is shutting down: {}; at most {}{}", app, reason, Text.of(timeout), force);
    }

    void phase(Phase phase, String what) {
        say("{}: {}", phase, what);
    }

    /** Names the requests in flight. The servers are asked on the log's thread, where one that hangs holds up nothing. */
    void gate(RequestGate gate, List<ManagedServer> servers) {
        long count = gate.inFlight();
        lines.add(() -> {
            StringBuilder names = new StringBuilder();
            for (ManagedServer server : servers) {
                for (String name : server.inFlight()) {
                    names.append("\n\t").append(name);
                }
            }
            log.warn("DRAIN: gate '{}' still has {} in flight at the limit; going on{}", gate.name(), count, names);
        });
    }

    void late(Phase phase, String step, long limit, StackTraceElement[] stack) {
        String format = "{}: '{}' has not ended near its limit of {}; it was at{}";
        add(Level.WARN, format, phase, step, Text.ofNanos(limit), Text.stack(stack));
    }

    void ended(ShutdownReport.Step step) {
        if (step.outcome() == Outcome.FAILED) {
            add(Level.ERROR, "{}: '{}' failed", step.phase(), step.name(), step.failure());
        } else if (step.outcome() == Outcome.TIMED_OUT) {
            peersCut(step);
        } else {
            add(Level.DEBUG, "{}: '{}' done in {}", step.phase(), step.name(), Text.of(step.duration()));
        }
    }

    // That the step itself was late is logged when it is interrupted.
    private void peersCut(ShutdownReport.Step step) {
        int count = step.cut().size();
        if (count > 0) {
            String peers = count == 1 ? "a peer; the report names it" : count + " peers; the report names them";
            add(Level.WARN, "{}: '{}' has cut {}", step.phase(), step.name(), peers);
        }
    }

    /** Logs what an abandoned step threw in the end; on its own thread, since this log may be closed. */
    void endedLate(Phase phase, String step, Throwable failure) {
        String format = "App '{}': {} '{}', abandoned at its limit, failed afterwards";
        Log.write(log, Level.WARN, format, app, phase, step, failure);
    }

    /** Logs the report, then waits until all is written, at most for the given time. */
    void end(ShutdownReport report, Duration limit) {
        say("{}", report);
        lines.add(() -> last = true);
        try {
            if (!written.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                writer.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void say(String format, Object... values) {
        add(chatty ? Level.INFO : Level.DEBUG, format, values);
    }

    // Made into text on the log's thread: a failure's own words are code of the user's.
    private void add(Level level, String format, @Nullable Object... values) {
        lines.add(() -> Log.write(log, level, format, values));
    }

    private void write() {
        while (!last) {
            try {
                lines.take().run();
            } catch (InterruptedException e) {
                break; // the shutdown is over
            } catch (Throwable e) { // words that fail: the next line may fare better
            }
        }
        written.countDown();
    }
}
