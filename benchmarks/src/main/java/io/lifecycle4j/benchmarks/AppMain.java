package io.lifecycle4j.benchmarks;

import io.lifecycle4j.App;
import io.lifecycle4j.AppState;
import io.lifecycle4j.AppView;
import java.io.PrintStream;
import java.util.concurrent.locks.LockSupport;

/** The same process with this library and nothing registered. With a logger, the library's own line says that it runs. */
final class AppMain {
    private static final long LOOK_EVERY_NANOS = 50_000;

    private AppMain() {}

    public static void main(String[] arguments) {
        App.run("app", app -> {
            if (!arguments[0].equals("logback")) {
                sayWhenRunning(app.view(), System.out);
            }
        });
    }

    static void sayWhenRunning(AppView app, PrintStream stream) {
        Thread thread = new Thread() {
            @Override
            public void run() {
                while (app.state() != AppState.RUNNING) {
                    LockSupport.parkNanos(LOOK_EVERY_NANOS);
                }
                stream.println("is running");
            }
        };
        thread.setDaemon(true);
        thread.start();
    }
}
