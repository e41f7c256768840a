package io.lifecycle4j;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What was registered, in the order of registration. The builder writes it until it is sealed. Thread-safe. */
final class Components {

    /** A callback; without a limit of its own it has its phase's. */
    record Callback(Phase phase, String name, @Nullable Duration limit, ShutdownCallback callback) {}

    /** What is to be released, and how. */
    record Resource(String name, ShutdownCallback release) {}

    /** A server with what it says of itself, asked once: a shutdown calls user code in bounded steps only. */
    record Server(String name, List<RequestGate> gates, ManagedServer managed) {}

    /** An immutable copy. */
    record Snapshot(List<Server> servers, List<Callback> callbacks, List<Resource> resources, List<RequestGate> gates) {

        List<Callback> callbacks(Phase phase) {
            return callbacks.stream().filter(each -> each.phase() == phase).toList();
        }
    }

    private final Map<String, Server> servers = new LinkedHashMap<>();
    private final Map<String, Callback> callbacks = new LinkedHashMap<>();
    private final Map<String, Resource> resources = new LinkedHashMap<>();
    private final Map<String, RequestGate> gates = new LinkedHashMap<>();
    private final Map<String, BooleanSupplier> readiness = new LinkedHashMap<>();
    private volatile Map<String, BooleanSupplier> conditions = Map.of();
    private volatile List<RequestGate> serverGates = List.of();
    private volatile List<RequestGate> allGates = List.of();
    private boolean sealed;

    boolean add(ManagedServer managed) {
        Server server = new Server(Names.checked("server", managed.name()), List.copyOf(managed.gates()), managed);
        synchronized (this) {
            List<RequestGate> more = server.gates().stream()
                    .filter(gate -> !gates.containsValue(gate)) // servers may share one
                    .toList();
            more.forEach(gate -> checkIsNew("gate", gates, gate.name()));
            boolean added = put("server", servers, server.name(), server);
            if (added) {
                more.forEach(gate -> gates.put(gate.name(), gate));
                allGates = List.copyOf(gates.values());
                serverGates = servers.values().stream()
                        .flatMap(each -> each.gates().stream())
                        .distinct()
                        .toList();
            }
            return added;
        }
    }

    synchronized boolean add(Callback callback) {
        return put(callback.phase() + " callback", callbacks, callback.phase() + " " + callback.name(), callback);
    }

    synchronized boolean add(Resource resource) {
        return put("resource", resources, resource.name(), resource);
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

    /** The app's own gates and the servers'; without a lock. */
    List<RequestGate> allGates() {
        return allGates;
    }

    /** The servers' gates, whose work is requests; without a lock. */
    List<RequestGate> serverGates() {
        return serverGates;
    }

    /** By name; without a lock, for whoever asks whether the app is ready. */
    Map<String, BooleanSupplier> conditions() {
        return conditions;
    }

    synchronized Snapshot snapshot() {
        return new Snapshot(
                List.copyOf(servers.values()),
                List.copyOf(callbacks.values()),
                List.copyOf(resources.values()),
                allGates);
    }

    /** Returns what is there; nothing can be added from now on. */
    synchronized Snapshot seal() {
        sealed = true;
        return snapshot();
    }

    // Returns false if it is too late: what is not in the sealed copy will not be stopped by anybody.
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
