package io.lifecycle4j;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Consumer;

/** The one class that touches signals and hooks. */
// Names sun.misc in full: javadoc warns of an import, and nothing silences that.
final class Signals {
    private static final List<String> NAMES = List.of("INT", "TERM", "HUP");
    private static final String HANGUP = "HUP";

    private Signals() {}

    static void addHook(Runnable onExit) {
        Runtime.getRuntime().addShutdownHook(new Thread(onExit, "lifecycle-hook"));
    }

    /**
     * Installs a handler for each signal that can be had, returns their names, and says once which cannot.
     *
     * @throws AppStartException if this Java has no signals at all
     */
    static List<String> install(Consumer<String> onSignal) throws AppStartException {
        try {
            return installEach(onSignal);
        } catch (NoClassDefFoundError e) { // an image that jlink has made of fewer modules
            throw new AppStartException(
                    "this Java has no module jdk.unsupported, which signals come from (jlink: --add-modules jdk.unsupported)",
                    e);
        }
    }

    private static List<String> installEach(Consumer<String> onSignal) {
        List<String> handled = new ArrayList<>();
        StringJoiner refused = new StringJoiner(", ");
        StringJoiner ignored = new StringJoiner(", ");
        for (String name : NAMES) {
            try {
                // Under nohup, or in a background shell, the platform keeps ignoring the signal and says so here.
                if (sun.misc.Signal.handle(new sun.misc.Signal(name), signal -> onSignal.accept(signal.getName()))
                        == sun.misc.SignalHandler.SIG_IGN) {
                    ignored.add(name);
                } else {
                    handled.add(name);
                }
            } catch (IllegalArgumentException e) {
                if (name.equals(HANGUP)) {
                    Log.debug("Signal HUP cannot be handled here: {}", e.getMessage());
                } else {
                    refused.add(name);
                }
            }
        }
        if (refused.length() > 0) {
            Log.warn(
                    "Signals that cannot be handled: {} (is the JVM run with -Xrs?); a second one cannot force the exit",
                    refused);
        }
        if (ignored.length() > 0) {
            Log.info("Signals that stay ignored, as they were inherited (nohup, background shell): {}", ignored);
        }
        return handled;
    }

    static void restoreDefaults() {
        for (String name : NAMES) {
            try {
                if (!name.equals(HANGUP)) {
                    sun.misc.Signal.handle(new sun.misc.Signal(name), sun.misc.SignalHandler.SIG_DFL);
                }
            } catch (IllegalArgumentException e) {
                // it was never ours
            }
        }
    }
}
