package io.lifecycle4j;

import java.util.function.Consumer;

/** Lends core's signal handlers to a process without an app, so that both hear a signal on the same path. */
public final class CoreSignals {

    private CoreSignals() {}

    /** Calls the consumer with the name of each INT, TERM and HUP. */
    public static void install(Consumer<String> onSignal) throws AppStartException {
        Signals.install(onSignal);
    }
}
