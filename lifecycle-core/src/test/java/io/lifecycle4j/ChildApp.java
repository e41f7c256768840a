package io.lifecycle4j;

import com.sun.management.ThreadMXBean;
import io.lifecycle4j.testing.JavaProcess;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What child JVMs run: one scenario each, by name. */
final class ChildApp {
    private static final CountDownLatch NEVER = new CountDownLatch(1);
    static final List<Object> HEAP = new ArrayList<>(1 << 18);

    private ChildApp() {}

    /** A JVM that runs the scenario. */
    static JavaProcess.Builder jvm(String scenario, String... options) {
        return JavaProcess.of(ChildApp.class).options(options).arguments(scenario);
    }

    /** A JVM that runs the scenario on the given class path. */
    static JavaProcess.Builder jvmOn(String classPath, String scenario, String... options) {
        return JavaProcess.ofArguments("-cp", classPath, ChildApp.class.getName())
                .options(options)
                .arguments(scenario);
    }

    public static void main(String[] arguments) throws Exception {
        String scenario = arguments[0];
        switch (scenario) {
            case "plain" -> App.run("child", ChildApp::plain);
            case "embedded" -> {
                AppBuilder app = App.builder("child");
                plain(app);
                app.build().start();
                say("started");
                NEVER.await();
            }
            case "hanging-callback" ->
                App.run(
                        "child",
                        app -> app.onShutdown("hang", context -> {
                            say("hanging");
                            hang();
                        }));
            case "hanging-callback-with-words" ->
                App.run("child", app -> {
                    app.server(announcing("ready"));
                    app.onShutdown("hang", context -> {
                        say("hanging");
                        hang();
                    });
                });
            case "plain-with-words" -> {
                try {
                    App.run("child", app -> {
                        app.shutdownTimeout(Duration.ofSeconds(10));
                        app.drainTimeout(Duration.ofSeconds(20)); // to have a warning said
                        plain(app);
                        app.server(announcing("started"));
                    });
                } catch (RuntimeException e) {
                    say("run has thrown");
                }
            }
            case "hanging-setup" -> App.run("child", app -> stuck("setup"));
            case "hanging-start" -> App.run("child", app -> app.server(hangingStart()));
            case "hanging-hook-short" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(ChildApp::hang));
                App.run("child", app -> {
                    app.shutdownTimeout(Duration.ofSeconds(1));
                    plain(app);
                });
            }
            case "hanging-in-ANNOUNCE",
                    "hanging-in-DRAIN",
                    "hanging-in-STOP",
                    "hanging-in-CALLBACKS",
                    "hanging-in-RELEASE" ->
                App.run("child", app -> hangingIn(Phase.valueOf(scenario.substring("hanging-in-".length())), app));
            case "exit-in-drain" -> exiting(app -> app.onDrain("exit", context -> System.exit(3)));
            case "exit-in-resource" -> exiting(app -> app.resource("exit", () -> System.exit(3)));
            case "exit-in-task" -> exiting(app -> app.task("exit", view -> System.exit(3)));
            case "exit-in-setup" -> exiting(app -> System.exit(3));
            case "exit-in-readiness" ->
                exiting(app -> {
                    app.readiness("exit", () -> {
                        System.exit(3);
                        return true;
                    });
                    app.task("ask", view -> {
                        while (!view.isReady() && !view.isShuttingDown()) {
                            Thread.onSpinWait();
                        }
                    });
                });
            case "exit-in-two-callbacks" ->
                exiting(app -> {
                    app.onShutdown("exit", context -> System.exit(3));
                    app.onShutdown("exit too", context -> System.exit(3));
                });
            case "virtual-threads-only" -> {
                CountDownLatch owned = new CountDownLatch(1);
                Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, (Runnable)
                        () -> App.run("child", app -> {
                            plain(app);
                            owned.countDown();
                        }));
                owned.await();
            }
            case "hanging-hook" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(ChildApp::hang));
                App.run("child", ChildApp::plain);
            }
            case "full-heap" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> fillHeap(() -> {})));
                App.run("child", app -> {
                    app.shutdownTimeout(Duration.ofSeconds(2));
                    plain(app);
                });
            }
            case "held-locks" -> App.run("child", app -> app.onShutdown("hold", context -> holdLocks()));
            case "full-stdout" ->
                App.run("child", app -> {
                    app.onShutdown("hang", context -> hang());
                    new Thread(ChildApp::fillStdout).start();
                });
            case "full-stdout-only" ->
                App.run("child", app -> {
                    app.onShutdown("flush", context -> System.err.println("flushed past the log"));
                    new Thread(ChildApp::fillStdout).start();
                });
            case "daemon-threads-only" -> runOnDaemonThread();
            case "exit-elsewhere" ->
                App.run("child", app -> {
                    plain(app);
                    new Thread(() -> exitWhenRunning(app.view())).start();
                });
            case "exit-in-callback" ->
                App.run("child", app -> {
                    plain(app);
                    app.onShutdown("exit", context -> System.exit(3));
                });
            case "exit-in-start" ->
                App.run("child", app -> {
                    plain(app);
                    app.server(exitingStart());
                });
            case "all-stuck" -> App.run("child", ChildApp::allStuck);
            case "second-run" ->
                App.run("child", app -> {
                    plain(app);
                    try {
                        App.run("other", ChildApp::plain);
                    } catch (IllegalStateException e) {
                        say(e.toString());
                    }
                });
            case "rehearsed" ->
                App.run("child", app -> {
                    plain(app);
                    Thread main = Thread.currentThread();
                    new Thread(() -> sayWhenRehearsed(main)).start();
                });
            case "hanging-rehearsal" ->
                App.run("child", app -> {
                    plain(app);
                    app.server(hangingUnderstudy());
                });
            case "events-without-recorder" -> measureEvents();
            default -> HostileChild.run(scenario);
        }
    }

    private static void measureEvents() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Events events = Events.ofThisJvm();
        ShutdownReport.Step step = new ShutdownReport.Step(
                Phase.STOP,
                "step",
                Duration.ZERO,
                Duration.ZERO,
                ShutdownReport.Outcome.CLEAN,
                null,
                false,
                null,
                List.of());
        long least = Long.MAX_VALUE; // the first rounds load classes
        for (int round = 0; round < 10; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1_000; i++) {
                events.state("child", AppState.STOPPING, Phase.STOP);
                events.begin("child", Phase.STOP, "step").end(step);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        say("allocated: " + least);
    }

    private static void plain(AppBuilder app) {
        app.resource("database", () -> say("closed"));
        app.onShutdown("flush", context -> say("flushed"));
        app.server(new FakeServer("business", new ArrayList<>()));
    }

    private static void runOnDaemonThread() throws InterruptedException {
        CountDownLatch owned = new CountDownLatch(1);
        Thread daemon = new Thread(() -> App.run("child", app -> {
            plain(app);
            owned.countDown();
        }));
        daemon.setDaemon(true);
        daemon.start();
        owned.await(); // then main ends, and with it the last thread that is no daemon, but for the app's own
    }

    private static void allStuck(AppBuilder app) {
        app.shutdownTimeout(Duration.ofSeconds(2));
        app.onAnnounce("announce", context -> stuck("announce"));
        app.onDrain("drain", context -> stuck("drain"));
        app.onShutdown("flush", context -> stuck("flush"));
        app.resource("first", () -> stuck("first"));
        app.resource("second", () -> stuck("second"));
        app.exitStatus(report -> {
            stuck("status");
            return 0;
        });
    }

    private static void stuck(String where) {
        say("stuck in " + where);
        hang();
    }

    private static void exiting(AppSetup where) {
        App.run("child", app -> {
            plain(app);
            where.configure(app);
        });
    }

    private static void hangingIn(Phase phase, AppBuilder app) {
        Runnable here = () -> {
            say("hanging in " + phase);
            hang();
        };
        switch (phase) {
            case ANNOUNCE -> app.onAnnounce("hang", context -> here.run());
            case DRAIN -> app.onDrain("hang", context -> here.run());
            case STOP ->
                app.task("hang", view -> {
                    try {
                        NEVER.await();
                    } catch (InterruptedException e) {
                        here.run();
                    }
                });
            case CALLBACKS -> app.onShutdown("hang", context -> here.run());
            case RELEASE -> app.resource("hang", here::run);
        }
    }

    private static ManagedServer announcing(String word) {
        return new FakeServer("last", new ArrayList<>()) {
            @Override
            public void start(ServerContext context) {
                say(word);
            }
        };
    }

    private static ManagedServer hangingStart() {
        return new FakeServer("slow", new ArrayList<>()) {
            @Override
            public void start(ServerContext context) {
                stuck("start");
            }
        };
    }

    private static ManagedServer exitingStart() {
        return new FakeServer("exits", new ArrayList<>()) {
            @Override
            public void start(ServerContext context) {
                System.exit(4);
            }
        };
    }

    private static ManagedServer hangingUnderstudy() {
        return new FakeServer("rehearsed", new ArrayList<>()) {
            @Override
            public ManagedServer understudy() {
                say("rehearsal hangs");
                hang();
                throw new AssertionError();
            }
        };
    }

    /** Waits until the thread that runs the app has nothing left to do. */
    static void sayWhenRehearsed(Thread main) {
        while (Arrays.stream(main.getStackTrace())
                .noneMatch(frame -> frame.getMethodName().equals("awaitEnd"))) {
            Thread.onSpinWait();
        }
        say("rehearsal is over");
    }

    private static void exitWhenRunning(AppView app) {
        while (app.state() != AppState.RUNNING) {
            Thread.onSpinWait();
        }
        System.exit(7);
    }

    /** Holds what a careless forced exit could need. */
    @SuppressWarnings("LockOnNonEnclosingClassLiteral") // that is the point
    private static void holdLocks() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        synchronized (System.out) {
            synchronized (System.err) {
                synchronized (Runtime.class) {
                    synchronized (group) {
                        System.err.println("holding");
                        hang();
                    }
                }
            }
        }
    }

    /** Takes the last byte, keeps all, and never returns. */
    static void fillHeap(Runnable whenFull) {
        for (int size = 1 << 24; ; size = Math.max(16, size / 2)) {
            try {
                while (true) {
                    HEAP.add(new byte[size]);
                }
            } catch (OutOfMemoryError e) {
                if (size == 16) {
                    whenFull.run();
                }
                while (size == 16) {
                    Thread.onSpinWait(); // to park takes memory
                }
            }
        }
    }

    private static void fillStdout() {
        char[] much = new char[1 << 20];
        Arrays.fill(much, 'x');
        System.err.println("filling");
        System.out.println(much);
    }

    /** Ignores interrupts. */
    private static void hang() {
        while (true) {
            try {
                NEVER.await();
            } catch (InterruptedException e) {
                say("interrupted");
            }
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
