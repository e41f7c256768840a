package io.lifecycle4j;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Says why a process is halted, and never holds it up: each thing that could hang (the logger, a full pipe, the table of
 * signals) is done by a thread made beforehand, and waited for so many milliseconds.
 *
 * <p>The line is said once: by the log, or on stderr if the log has not taken it in time. The race between a helper that
 * begins late and the end of the wait for it is settled by one compare-and-set on the helper's task: the side that takes the task
 * out has won, and a task that was withdrawn is never done. A logger that has begun by then may be stuck or only slow, and
 * nothing tells which; then stderr has the line, too, and a slow logger makes it two.
 */
final class LastWords {
    private static final Duration FOR_THE_LOG = Duration.ofMillis(50);
    // An asynchronous appender has the line by then but may not have written it.
    private static final Duration FOR_THE_APPENDER = Duration.ofMillis(25);
    private static final Duration FOR_STDERR = Duration.ofMillis(35);
    private static final Duration FOR_SIGNALS = Duration.ofMillis(5);

    private final Helper logger;
    private final Helper stderr;
    private final Helper signals;

    LastWords(String app) {
        this.logger = new Helper(app + "-last-words-log");
        this.stderr = new Helper(app + "-last-words-stderr");
        this.signals = new Helper(app + "-last-words-signals");
    }

    /** Starts the helpers; throws {@link OutOfMemoryError} if the system gives no thread. */
    void start() {
        helpers().forEach(Helper::start);
    }

    private List<Helper> helpers() {
        return List.of(logger, stderr, signals);
    }

    /**
     * Says it, then restores the signals; returns within 90 ms, whatever hangs.
     *
     * @param byLog whether to try the log first; in vain once hooks run, where loggers stop and swallow what they are given
     */
    void speak(String line, boolean byLog, Runnable restoreSignals) {
        if (byLog && isLogged(line)) {
            pause(FOR_THE_APPENDER);
        } else {
            stderr.does(() -> Log.toStderr(line), byLog ? FOR_STDERR : FOR_THE_LOG.plus(FOR_STDERR));
        }
        signals.does(restoreSignals, FOR_SIGNALS);
    }

    /** Lets the helpers end, where the process goes on. */
    void end() {
        helpers().forEach(helper -> helper.begin(() -> {}));
    }

    private boolean isLogged(String line) {
        AtomicBoolean logged = new AtomicBoolean();
        Runnable log = () -> {
            boolean enabled = Log.LOGGER.isErrorEnabled();
            Log.LOGGER.error("{}", line);
            logged.set(enabled);
        };
        if (logger.does(log, FOR_THE_LOG)) {
            return logged.get();
        }
        logger.withdraw(log);
        return false;
    }

    private static void pause(Duration time) {
        try {
            boolean unused = new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A parked daemon thread that does one thing. */
    private static final class Helper {
        private final AtomicReference<@Nullable Runnable> task = new AtomicReference<>();
        private final CountDownLatch done = new CountDownLatch(1);
        private final Thread thread;

        Helper(String name) {
            thread = Threads.create(name, this::run);
        }

        void start() {
            thread.start();
        }

        /** Returns whether the work is done at the limit; it may still be done afterwards. */
        boolean does(Runnable work, Duration limit) {
            begin(work);
            try {
                return done.await(limit.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        /** Keeps work that has not begun from being done. */
        void withdraw(Runnable work) {
            task.compareAndSet(work, null);
        }

        void begin(Runnable work) {
            task.set(work);
            LockSupport.unpark(thread);
        }

        private void run() {
            Runnable work = task.getAndSet(null);
            while (work == null) {
                LockSupport.park(this);
                work = task.getAndSet(null);
            }
            try {
                work.run();
            } catch (Throwable e) {
                // a log that throws has not taken the line, and there is no time to tell of it
            } finally {
                done.countDown();
            }
        }
    }
}
