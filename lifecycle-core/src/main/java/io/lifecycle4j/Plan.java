package io.lifecycle4j;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What an app consists of, in the order of registration, and how it is set. Immutable; nothing is added to it any more.
 *
 * @param onStarted what is done when all servers have started, by its name
 */
record Plan(
        Settings settings,
        List<Server> servers,
        Map<String, StartedCallback> onStarted,
        List<Callback> callbacks,
        List<RequestGate> gates) {

    /**
     * A server with what it says of itself, asked once: a shutdown calls user code in bounded steps only.
     *
     * @param limit its own limit of STOP, a task's of DRAIN, too; null for the app's
     */
    record Server(String name, @Nullable Duration limit, List<RequestGate> gates, ManagedServer managed) {

        /** Whether there is something to stop without a start: a scheduler runs jobs from the setup on. */
        boolean isStoppedUnstarted() {
            return managed instanceof GatedScheduler;
        }

        /** Whether there is something to do for it in DRAIN. */
        boolean isDrained() {
            return managed instanceof BackgroundTask task
                    ? task.endsInDrain()
                    : !gates.isEmpty() && !(managed instanceof GatedScheduler);
        }
    }

    /**
     * What is done in a phase of the shutdown; in RELEASE, the release of a resource.
     *
     * @param limit its own limit; null for its phase's
     */
    record Callback(Phase phase, String name, @Nullable Duration limit, ShutdownCallback callback) {}

    Limits limits() {
        return settings.limits();
    }

    List<Callback> callbacks(Phase phase) {
        List<Callback> ofThePhase = new ArrayList<>();
        for (Callback each : callbacks) {
            if (each.phase() == phase) {
                ofThePhase.add(each);
            }
        }
        return ofThePhase;
    }

    /** Warns, once, of limits that somebody chose and that can never be reached. A default beside a short shutdownTimeout is no mistake. */
    void warnOfLimitsBeyondTheWhole(String app) {
        Map<String, Duration> chosen = new LinkedHashMap<>();
        for (Map.Entry<Limit, Duration> each : limits().chosen().entrySet()) {
            if (each.getKey() != Limit.START) {
                chosen.put(each.getKey().title(), each.getValue());
            }
        }
        for (Server each : servers) {
            put(chosen, each.name(), each.limit());
        }
        for (Callback each : callbacks) {
            put(chosen, each.name(), each.limit());
        }
        Duration whole = limits().shutdown();
        StringJoiner beyond = new StringJoiner(", ");
        for (Map.Entry<String, Duration> each : chosen.entrySet()) {
            if (each.getValue().compareTo(whole) > 0) {
                beyond.add(each.getKey() + " " + Text.of(each.getValue()));
            }
        }
        if (beyond.length() > 0) {
            Log.warn("App '{}': limits beyond shutdownTimeout {}, which cuts them: {}", app, Text.of(whole), beyond);
        }
    }

    private static void put(Map<String, Duration> chosen, String name, @Nullable Duration limit) {
        if (limit != null) {
            chosen.put("limit of '" + name + "'", limit);
        }
    }
}
