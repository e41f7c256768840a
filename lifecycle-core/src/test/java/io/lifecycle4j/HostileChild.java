package io.lifecycle4j;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** More of what child JVMs run: things that stand in the way of an exit. */
final class HostileChild {
    private static final CountDownLatch NEVER = new CountDownLatch(1);

    private HostileChild() {}

    static void run(String scenario) throws Exception {
        switch (scenario) {
            case "announce-delay" ->
                App.run("child", app -> {
                    app.announceDelay(Duration.ofSeconds(20));
                    app.gate("business"); // a server would have an announcement, which runs in the first instant
                });
            case "request-in-flight" -> App.run("child", app -> app.server(servingForEver()));
            case "hanging-server" -> App.run("child", app -> app.server(hangingStop()));
            case "interruptible-callback" ->
                App.run("child", app -> {
                    app.onShutdown("hang", Duration.ofSeconds(2), context -> {
                        System.out.println("hanging");
                        NEVER.await();
                    });
                });
            case "exit-in-status" ->
                App.run(
                        "child",
                        app -> app.exitStatus(report -> {
                            System.exit(3);
                            return 0;
                        }));
            case "beside-another-thread" -> {
                Thread main = Thread.currentThread();
                Runnable watch = () -> {
                    ChildApp.sayWhenRehearsed(main);
                    hang();
                };
                new Thread(watch).start();
                App.run("child", app -> app.server(tellingThreads()));
            }
            case "signal-at-the-end" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> spin(Duration.ofMillis(5))));
                App.run(
                        "child",
                        app -> app.exitStatus(report -> {
                            sun.misc.Signal.raise(new sun.misc.Signal("INT"));
                            spin(Duration.ofNanos(Integer.getInteger("micros", 0) * 1_000L));
                            return 0;
                        }));
            }
            case "exit-elsewhere-then-two-signals" ->
                App.run("child", app -> {
                    app.onShutdown("last", context -> {
                        Thread filling = new Thread(() -> fill(System.err));
                        filling.start();
                        awaitWrite(filling);
                        spin(Duration.ofMillis(20)); // then it is full
                        sun.misc.Signal.raise(new sun.misc.Signal("INT")); // one joins the shutdown
                        sun.misc.Signal.raise(new sun.misc.Signal("TERM")); // the other forces, and finds stderr full
                        awaitWrite(thread("child-last-words-stderr"));
                    });
                    app.task("exit", view -> System.exit(7));
                });
            case "other-hook" -> {
                Runtime.getRuntime()
                        .addShutdownHook(new Thread(
                                () -> LoggerFactory.getLogger("other").info("the other hook ran")));
                App.run("child", app -> app.resource("database", () -> System.out.println("closed")));
            }
            case "hanging-hook-with-words" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(HostileChild::hangWithWords));
                App.run("child", app -> {});
            }
            case "exit-with-a-hanging-callback" -> {
                LoggerFactory.getLogger("other").info("has its hook by now");
                App.run("child", app -> {
                    app.onShutdown("hang", context -> hangWithWords());
                    app.task("exit", view -> System.exit(3));
                });
            }
            case "full-heap-with-words" -> {
                // both made, and used once, while there is memory
                FileOutputStream stderr = new FileOutputStream(FileDescriptor.err);
                byte[] words = "the heap is full\n".getBytes(StandardCharsets.UTF_8);
                stderr.write("to be filled\n".getBytes(StandardCharsets.UTF_8));
                Runtime.getRuntime()
                        .addShutdownHook(new Thread(() -> ChildApp.fillHeap(() -> writeQuietly(stderr, words))));
                App.run("child", app -> app.shutdownTimeout(Duration.ofSeconds(8)));
            }
            case "full-log" -> {
                Dam dam = new Dam(System.out);
                System.setOut(new PrintStream(dam, true, StandardCharsets.UTF_8));
                App.run(
                        "child",
                        app -> app.onShutdown("hang", context -> {
                            fillTheLog(dam);
                            System.err.println("the log is full");
                            hang();
                        }));
            }
            case "full-stdout-and-stderr" -> {
                PrintStream words = new PrintStream("/dev/fd/3", StandardCharsets.UTF_8);
                App.run("child", app -> {
                    app.exitStatus(report -> 7); // which a forced exit never has
                    app.onShutdown("hang", context -> {
                        words.println("filling");
                        new Thread(() -> fill(System.out)).start();
                        hang();
                    });
                    app.task("ready", view -> words.println("ready"));
                });
            }
            default -> throw new IllegalArgumentException(scenario);
        }
    }

    private static ManagedServer servingForEver() {
        return new FakeServer("business", new ArrayList<>()) {
            @Override
            public void start(ServerContext context) {
                gate().tryEnter();
            }
        };
    }

    private static ManagedServer hangingStop() {
        return new FakeServer("business", new ArrayList<>()) {
            @Override
            public void stop(ShutdownContext context) {
                hangWithWords();
            }
        };
    }

    /** Tells how many threads, of all kinds, the process has while it starts. */
    private static ManagedServer tellingThreads() {
        return new FakeServer("business", new ArrayList<>()) {
            @Override
            public void start(ServerContext context) {
                System.out.println("threads: " + Objects.requireNonNull(new File("/proc/self/task").list()).length);
            }
        };
    }

    private static Thread thread(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Waits until a thread is in the call that writes to a file descriptor. */
    private static void awaitWrite(Thread thread) {
        while (Stream.of(thread.getStackTrace())
                .noneMatch(frame -> frame.getMethodName().equals("writeBytes"))) {
            Thread.onSpinWait();
        }
    }

    private static void spin(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    private static void hangWithWords() {
        System.err.println("hanging");
        hang();
    }

    /** Ignores interrupts. */
    private static void hang() {
        while (true) {
            try {
                NEVER.await();
            } catch (InterruptedException e) {
                // goes on
            }
        }
    }

    private static void writeQuietly(OutputStream stream, byte[] words) {
        try {
            stream.write(words);
        } catch (IOException e) {
            // the test waits in vain
        }
    }

    private static void fill(PrintStream stream) {
        char[] much = new char[1 << 20];
        Arrays.fill(much, 'x');
        stream.println(much);
    }

    /** Returns when an asynchronous logger's queue is full and nothing takes from it any more. */
    private static void fillTheLog(Dam dam) throws InterruptedException {
        Thread flood = new Thread(HostileChild::flood);
        flood.setDaemon(true);
        dam.shut = true;
        flood.start();
        dam.blocks.await();
        while (flood.getState() == Thread.State.RUNNABLE) {
            Thread.onSpinWait();
        }
    }

    private static void flood() {
        Logger logger = LoggerFactory.getLogger("flood");
        while (true) {
            logger.error("flood"); // at a level that Logback never discards
        }
    }

    /** Lets everything through until it is shut. */
    private static final class Dam extends OutputStream {
        private final OutputStream behind;
        private final CountDownLatch blocks = new CountDownLatch(1);
        private volatile boolean shut;

        Dam(OutputStream behind) {
            this.behind = behind;
        }

        @Override
        public void write(int single) throws IOException {
            write(new byte[] {(byte) single}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (shut) {
                blocks.countDown();
                hang();
            }
            behind.write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
            behind.flush();
        }
    }
}
