package io.lifecycle4j.benchmarks;

import io.lifecycle4j.App;

/** An app that will not end by itself once it is asked to. */
final class HostileApp {

    private HostileApp() {}

    public static void main(String[] arguments) {
        Hostility hostility = Hostility.valueOf(arguments[0]);
        App.run("hostile", app -> {
            hostility.prepare();
            app.onShutdown("hostile", context -> hostility.act());
            AppMain.sayWhenRunning(app.view(), System.err);
        });
    }
}
