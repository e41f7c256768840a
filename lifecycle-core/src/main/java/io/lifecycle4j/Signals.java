package io.lifecycle4j;

import java.util.List;
import java.util.StringJoiner;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** The one class that touches signals and hooks. */
final class Signals {
    private static final Logger LOG = LoggerFactory.getLogger("io.lifecycle4j");
    private static final List<String> NAMES = List.of("INT", "TERM", "HUP");
    private static final String HANGUP = "HUP";

    private Signals() {}

    static void addHook(Runnable onExit) {
        Runtime.getRuntime().addShutdownHook(new Thread(onExit, "lifecycle-hook"));
    }

    /** Installs a handler for each signal that can be had, and says once which cannot. */
    static void install(Consumer<String> onSignal) {
        StringJoiner refused = new StringJoiner(", ");
        StringJoiner ignored = new StringJoiner(", ");
        for (String name : NAMES) {
            try {
                // Under nohup, or in a background shell, the platform keeps ignoring the signal and says so here.
                if (Signal.handle(new Signal(name), signal -> onSignal.accept(signal.getName()))
                        == SignalHandler.SIG_IGN) {
                    ignored.add(name);
                }
            } catch (IllegalArgumentException e) {
                if (name.equals(HANGUP)) {
                    LOG.debug("Signal HUP cannot be handled here: {}", e.getMessage());
                } else {
                    refused.add(name);
                }
            }
        }
        if (refused.length() > 0) {
            LOG.warn(
                    "Signals that cannot be handled: {} (is the JVM run with -Xrs?); a second one cannot force the exit",
                    refused);
        }
        if (ignored.length() > 0) {
            LOG.info("Signals that stay ignored, as they were inherited (nohup, background shell): {}", ignored);
        }
    }

    static void restoreDefaults() {
        for (String name : NAMES) {
            try {
                if (!name.equals(HANGUP)) {
                    Signal.handle(new Signal(name), SignalHandler.SIG_DFL);
                }
            } catch (IllegalArgumentException e) {
                // it was never ours
            }
        }
    }
}
