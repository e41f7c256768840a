package io.lifecycle4j.benchmarks;

import io.lifecycle4j.App;
import java.time.Duration;

/** An app of which every step, and the function for the exit status, hangs and ignores interrupts. */
final class StuckApp {
    static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(2);

    private StuckApp() {}

    public static void main(String[] arguments) {
        App.run("stuck", app -> {
            app.shutdownTimeout(SHUTDOWN_TIMEOUT);
            app.onAnnounce("announce", context -> Hostility.hang());
            app.onDrain("drain", context -> Hostility.hang());
            app.onShutdown("flush", context -> Hostility.hang());
            app.resource("first", Hostility::hang);
            app.resource("second", Hostility::hang);
            app.exitStatus(report -> {
                Hostility.hang();
                return 0;
            });
            AppMain.sayWhenRunning(app.view(), System.err);
        });
    }
}
