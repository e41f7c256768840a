package io.lifecycle4j;

import io.lifecycle4j.ShutdownReport.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs steps side by side, each on a thread of its own and each bounded, however it behaves.
 *
 * <p>A step is RUNNING, then either ENDED, by its own thread, or INTERRUPTED, by the sequence's thread when little of its limit is
 * left; one compare-and-set decides which. Whatever an INTERRUPTED step does then, it has timed out: a return after an
 * interrupt may mean work that was left undone. It is waited for until its limit, then abandoned.
 */
final class StepRunner {
    /**
     * What to do.
     *
     * @param start when its limit began to run, on the clock
     * @param end when it is abandoned, on the clock
     * @param suspect the thread whose stack tells why it is late, if it is not the step's own
     */
    record Step(
            Phase phase,
            String name,
            long start,
            long end,
            ShutdownCallback body,
            @Nullable Thread suspect) {}

    private enum Mark {
        RUNNING,
        ENDED,
        INTERRUPTED
    }

    private static final long RETRY_NANOS = Duration.ofMillis(100).toNanos();

    private final Lifecycle lifecycle;
    private final Lifecycle.Stop stop;
    private final ShutdownLog log;
    private final Execution execution;
    private final Clock clock;
    private volatile List<StepThread> running = List.of();

    StepRunner(Lifecycle lifecycle, Lifecycle.Stop stop, ShutdownLog log, Execution execution) {
        this.lifecycle = lifecycle;
        this.stop = stop;
        this.log = log;
        this.execution = execution;
        this.clock = execution.clock();
    }

    /**
     * Runs the steps and returns when each has ended or was abandoned, and when {@code quiet} holds or {@code quietEnd}
     * has passed. The code that makes {@code quiet} true signals the wakeup.
     */
    List<ShutdownReport.Step> run(List<Step> steps, BooleanSupplier quiet, long quietEnd) {
        List<StepThread> threads = new ArrayList<>();
        for (Step step : steps) {
            threads.add(new StepThread(step));
        }
        running = List.copyOf(threads);
        for (StepThread thread : threads) {
            thread.begin();
        }
        boolean waiting = true;
        while (waiting) {
            long now = clock.nanoTime();
            long next = quiet.getAsBoolean() || now >= quietEnd ? Long.MAX_VALUE : quietEnd;
            for (StepThread thread : threads) {
                next = Math.min(next, thread.check(now));
            }
            waiting = next != Long.MAX_VALUE;
            if (waiting) {
                execution.wakeup().await(clock, next);
            }
        }
        running = List.of();
        List<ShutdownReport.Step> results = new ArrayList<>();
        for (StepThread thread : threads) {
            results.add(thread.result());
        }
        return results;
    }

    /** The steps that have not ended; takes no lock, for last words. */
    List<Step> stillRunning() {
        List<Step> steps = new ArrayList<>();
        for (StepThread thread : running) {
            if (!thread.finished) {
                steps.add(thread.step);
            }
        }
        return steps;
    }

    /** The threads of each step that has not ended, by its name: its own, and the one that it waits for, if that is known. */
    Map<String, List<Thread>> runningThreads() {
        Map<String, List<Thread>> threads = new HashMap<>();
        for (StepThread thread : running) {
            if (!thread.finished) {
                // In DRAIN, a server and a callback may have one name.
                List<Thread> ofThatName = threads.computeIfAbsent(thread.step.name(), name -> new ArrayList<>());
                ofThatName.add(thread);
                ofThatName.add(thread.suspect());
            }
        }
        return threads;
    }

    /** Whether the calling thread runs a step of the given app. */
    static boolean isStepOf(Lifecycle lifecycle) {
        return Thread.currentThread() instanceof StepThread thread && thread.lifecycle() == lifecycle;
    }

    private final class StepThread extends Thread {
        private final Step step;
        private final AtomicReference<Mark> mark = new AtomicReference<>(Mark.RUNNING);
        private final long interruptAt;
        private final ShutdownContext context;
        private Events.Span span = Events.NO_SPAN;
        private @Nullable Throwable refusal; // why there is no thread for it yet
        private ShutdownReport.@Nullable Step result;
        private @Nullable Throwable failure; // published by `finished`
        private long ended; // published by `finished`
        private volatile boolean finished;
        private volatile boolean abandoned;

        StepThread(Step step) {
            super(lifecycle.name() + "-" + step.phase().name().toLowerCase(Locale.ROOT) + "-" + step.name());
            this.step = step;
            this.interruptAt = Budget.interruptAt(step.start(), step.end());
            this.context = new ShutdownContext(stop.reason(), clock, interruptAt);
            setDaemon(true);
        }

        Lifecycle lifecycle() {
            return lifecycle;
        }

        void begin() {
            span = execution.events().begin(lifecycle.name(), step.phase(), step.name());
            refusal = execution.threads().start(this);
        }

        @Override
        public void run() {
            Throwable thrown = null;
            try {
                step.body().run(context);
            } catch (Throwable e) { // errors too: whatever a step does ends at this edge
                thrown = e;
            }
            finish(thrown);
            if (abandoned && thrown != null && !(thrown instanceof InterruptedException)) {
                log.endedLate(step.phase(), step.name(), thrown);
            }
        }

        private void finish(@Nullable Throwable thrown) {
            failure = thrown;
            ended = clock.nanoTime();
            mark.compareAndSet(Mark.RUNNING, Mark.ENDED);
            finished = true;
            execution.wakeup().signal();
        }

        /** Does what is due; returns when to look again, and {@code Long.MAX_VALUE} once there is a result. */
        long check(long now) {
            if (result != null) {
                return Long.MAX_VALUE;
            }
            if (finished) {
                return settle(mark.get() == Mark.INTERRUPTED ? Outcome.TIMED_OUT : outcome(), failure, ended, false);
            }
            if (refusal != null) {
                return beginAgain(now);
            }
            if (execution.exiting().getAsBoolean()) {
                StackTraceElement[] exit = stackInExit();
                if (exit != null) {
                    return settleInExit(exit, now);
                }
            }
            if (now < interruptAt) {
                return interruptAt;
            }
            if (mark.compareAndSet(Mark.RUNNING, Mark.INTERRUPTED)) {
                StackTraceElement[] exit = stackInExit();
                if (exit != null) {
                    return settleInExit(exit, now);
                }
                log.late(
                        step.phase(),
                        step.name(),
                        step.end() - step.start(),
                        suspect().getStackTrace());
                interrupt();
            }
            return now < step.end() ? step.end() : settle(Outcome.TIMED_OUT, null, now, true);
        }

        private Outcome outcome() {
            if (failure != null) {
                return Outcome.FAILED;
            }
            return context.cut().isEmpty() ? Outcome.CLEAN : Outcome.TIMED_OUT;
        }

        // Threads end all the time in a shutdown, those of other steps for one, and nothing tells when.
        private long beginAgain(long now) {
            if (now < interruptAt) {
                refusal = execution.threads().start(this);
                return Math.min(interruptAt, refusal == null ? interruptAt : now + RETRY_NANOS);
            }
            return settle(Outcome.FAILED, refusal, now, false);
        }

        // Runtime.exit never returns and ignores interrupts; to wait for it would be to wait for ourselves.
        private long settleInExit(StackTraceElement[] stack, long now) {
            Throwable call = new IllegalStateException("called System.exit");
            call.setStackTrace(stack); // who called it, not who has found out
            return settle(Outcome.FAILED, call, now, true);
        }

        private long settle(Outcome outcome, @Nullable Throwable thrown, long end, boolean abandoned) {
            this.abandoned = abandoned;
            result = new ShutdownReport.Step(
                    step.phase(),
                    step.name(),
                    Duration.ofNanos(step.start() - stop.since()),
                    Duration.ofNanos(end - step.start()),
                    outcome,
                    thrown,
                    abandoned,
                    context.note(),
                    context.cut());
            log.ended(result);
            span.end(result);
            return Long.MAX_VALUE;
        }

        private StackTraceElement @Nullable [] stackInExit() {
            for (Thread thread : List.of(this, suspect())) {
                StackTraceElement[] stack = thread.getStackTrace();
                if (isInExit(stack)) {
                    return stack;
                }
            }
            return null;
        }

        private Thread suspect() {
            Thread suspect = step.suspect();
            return suspect == null ? this : suspect;
        }

        ShutdownReport.Step result() {
            return Objects.requireNonNull(result);
        }
    }

    private static boolean isInExit(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            if (frame.getClassName().equals("java.lang.Shutdown")) {
                return true;
            }
        }
        return false;
    }
}
