package io.lifecycle4j;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.helpers.NOPLogger;

/**
 * A shutdown over nothing, so that the real one finds its code loaded and linked: a process stops only once, and would spend most of that
 * time on what code does at its first use. It writes no line in the log and no event in a flight recording, and has no effect on the app.
 * A real shutdown that begins in its midst needs the same code, so that neither is in the other's way.
 */
final class Rehearsal {
    private Rehearsal() {}

    /** Runs it, with an understudy of each kind of server that has one; returns when it is over. */
    static void run(String app, Plan plan) {
        try {
            String name = app + "-rehearsal";
            AppRunner runner = new AppRunner(name, Clock.SYSTEM, Events.NONE, NOPLogger.NOP_LOGGER, null);
            App rehearsed = new App(runner);
            AppBuilder builder = new AppBuilder(rehearsed, runner);
            builder.shutdownTimeout(Duration.ofSeconds(2)).announceDelay(Duration.ofMillis(1));
            Set<Class<?>> kinds = new HashSet<>();
            for (Plan.Server server : plan.servers()) {
                ManagedServer managed = server.managed();
                ManagedServer understudy = kinds.add(managed.getClass()) ? managed.understudy() : null;
                if (understudy != null) {
                    builder.server(understudy);
                }
            }
            ShutdownCallback nothing = context -> {};
            builder.onAnnounce(name, nothing).onDrain(name, nothing).onShutdown(name, nothing);
            builder.gate(name);
            builder.task(name, Task.stoppedBy(() -> {}, view -> {})).resource(name, () -> {});
            rehearsed.start();
            String unused = rehearsed.shutdown(name).toString(); // which no log does here
        } catch (Throwable e) { // then the shutdown loads what is missing
        }
    }
}
