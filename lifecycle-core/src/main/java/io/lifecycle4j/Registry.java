package io.lifecycle4j;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Takes what is registered and set until it is sealed, when the app starts or a shutdown begins. Thread-safe; no user code runs
 * under its lock.
 */
final class Registry {
    @GuardedBy("this")
    private final Map<String, Plan.Server> servers = new LinkedHashMap<>();

    @GuardedBy("this")
    private final Map<String, StartedCallback> onStarted = new LinkedHashMap<>();

    @GuardedBy("this")
    private final Map<Phase, Map<String, Plan.Callback>> callbacks = new EnumMap<>(Phase.class);

    @GuardedBy("this")
    private final Map<String, RequestGate> gates = new LinkedHashMap<>();

    @GuardedBy("this")
    private final Map<String, BooleanSupplier> readiness = new LinkedHashMap<>();

    @GuardedBy("this")
    private boolean sealed;

    // Immutable values, written under the lock and read without it: by a watchdog, by request handlers.
    private volatile Settings settings = Settings.DEFAULTS;
    private volatile Map<String, BooleanSupplier> conditions = Map.of();
    private volatile List<RequestGate> requestGates = List.of();
    private volatile List<RequestGate> allGates = List.of();

    /** Changes the settings; returns false, as all that adds something does, if it is too late. */
    synchronized boolean set(UnaryOperator<Settings> change) {
        if (sealed) {
            return false;
        }
        settings = change.apply(settings);
        return true;
    }

    boolean add(ManagedServer managed, @Nullable Duration limit) {
        String name = Names.checked("server", managed.name());
        Plan.Server server = new Plan.Server(name, limit, List.copyOf(managed.gates()), managed);
        return add(server);
    }

    private synchronized boolean add(Plan.Server server) {
        Map<String, RequestGate> more = new LinkedHashMap<>(gates);
        for (RequestGate gate : server.gates()) {
            // Servers may share one.
            if (!more.containsValue(gate)) {
                checkIsNew("gate", more, gate.name());
                more.put(gate.name(), gate);
            }
        }
        boolean added = put("server", servers, server.name(), server);
        if (added) {
            gates.putAll(more);
            allGates = List.copyOf(gates.values());
            // A scheduler's work is jobs.
            if (!(server.managed() instanceof GatedScheduler)) {
                Set<RequestGate> all = new LinkedHashSet<>(requestGates);
                all.addAll(server.gates());
                requestGates = List.copyOf(all);
            }
        }
        return added;
    }

    synchronized boolean add(String name, StartedCallback callback) {
        return put("started callback", onStarted, name, callback);
    }

    synchronized boolean add(Plan.Callback callback) {
        Phase phase = callback.phase();
        String kind = phase == Phase.RELEASE ? "resource" : phase + " callback";
        return put(kind, callbacks.computeIfAbsent(phase, any -> new LinkedHashMap<>()), callback.name(), callback);
    }

    synchronized boolean add(RequestGate gate) {
        boolean added = put("gate", gates, gate.name(), gate);
        allGates = List.copyOf(gates.values());
        return added;
    }

    synchronized boolean add(String name, BooleanSupplier condition) {
        boolean added = put("readiness condition", readiness, name, condition);
        conditions = Collections.unmodifiableMap(new LinkedHashMap<>(readiness));
        return added;
    }

    Settings settings() {
        return settings;
    }

    /** The app's own gates and the servers'. */
    List<RequestGate> allGates() {
        return allGates;
    }

    /** The gates whose work is requests. */
    List<RequestGate> requestGates() {
        return requestGates;
    }

    /** By name. */
    Map<String, BooleanSupplier> conditions() {
        return conditions;
    }

    /** Returns what is there; nothing can be added or set from now on. */
    synchronized Plan seal() {
        sealed = true;
        List<Plan.Callback> all = new ArrayList<>();
        for (Map<String, Plan.Callback> ofAPhase : callbacks.values()) {
            all.addAll(ofAPhase.values());
        }
        return new Plan(
                settings,
                List.copyOf(servers.values()),
                Collections.unmodifiableMap(new LinkedHashMap<>(onStarted)),
                List.copyOf(all),
                allGates);
    }

    // Returns false if it is too late: what is not in the sealed plan will not be stopped by anybody.
    @GuardedBy("this")
    private <T> boolean put(String kind, Map<String, T> map, String name, T value) {
        if (sealed) {
            return false;
        }
        checkIsNew(kind, map, name);
        map.put(name, value);
        return true;
    }

    private static void checkIsNew(String kind, Map<String, ?> map, String name) {
        if (map.containsKey(name)) {
            throw new IllegalArgumentException(
                    kind + " '" + name + "' is registered already (expected: a name that is used once)");
        }
    }
}
