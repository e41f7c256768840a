package io.lifecycle4j.benchmarks;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Selector;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** What may be wrong with a process when its user loses patience. */
enum Hostility {
    CALLBACK("a callback hangs") {
        @Override
        void act() {
            hang();
        }
    },
    HOOK("a JVM hook hangs") {
        @Override
        void prepare() {
            Runtime.getRuntime().addShutdownHook(new Thread(Hostility::hang));
        }

        @Override
        void act() {} // the exit that follows runs the hook
    },
    LOCKS("a callback holds the locks of `System.out`, `System.err` and `Runtime`") {
        @Override
        @SuppressWarnings("LockOnNonEnclosingClassLiteral") // that is the point
        void act() {
            synchronized (System.out) {
                synchronized (System.err) {
                    synchronized (Runtime.class) {
                        synchronized (Runtime.getRuntime()) {
                            hang();
                        }
                    }
                }
            }
        }
    },
    APPENDER("a Logback appender hangs") {
        @Override
        void prepare() {
            StuckAppender appender = new StuckAppender();
            appender.start();
            ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).addAppender(appender);
        }

        @Override
        void act() {
            LoggerFactory.getLogger(Hostility.class).info(StuckAppender.TRIGGER);
        }
    },
    SELECTOR("a callback hangs, a thread selects (native code)") {
        @Override
        void prepare() {
            Thread thread = new Thread(Hostility::select);
            thread.setDaemon(true);
            thread.start();
        }

        @Override
        void act() {
            hang();
        }
    },
    STDOUT("stdout is a full pipe (native code)") {
        @Override
        void act() {
            char[] much = new char[1 << 20];
            Arrays.fill(much, 'x');
            System.err.println("hanging");
            System.out.println(much);
        }
    };

    private static final CountDownLatch NEVER = new CountDownLatch(1);

    private final String words;

    Hostility(String words) {
        this.words = words;
    }

    String words() {
        return words;
    }

    /** Runs when the process starts. */
    void prepare() {}

    /** Runs in the shutdown; says "hanging" on stderr and never returns, or is followed by an exit. */
    abstract void act();

    /** Ignores interrupts. */
    static void hang() {
        System.err.println("hanging");
        while (true) {
            try {
                NEVER.await();
            } catch (InterruptedException e) {
                // that is the point
            }
        }
    }

    private static void select() {
        try (Selector selector = Selector.open()) {
            while (true) {
                selector.select();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Hangs in its own lock once it is given a certain line. */
    private static final class StuckAppender extends AppenderBase<ILoggingEvent> {
        private static final String TRIGGER = "now";

        @Override
        protected void append(ILoggingEvent event) {
            if (event.getMessage().equals(TRIGGER)) {
                hang();
            }
        }
    }
}
