package io.lifecycle4j;

import java.time.Duration;
import java.util.ArrayList;
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
    private volatile List<BooleanSupplier> conditions = List.of();
    private volatile List<RequestGate> allGates = List.of();
    private boolean sealed;

    boolean add(ManagedServer managed) {
        Server server = new Server(Names.checked("server", managed.name()), List.copyOf(managed.gates()), managed);
        synchronized (this) {
            boolean added = put("server", servers, server.name(), server);
            rememberGates(added, server.gates());
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
        rememberGates(added, List.of(gate));
        return added;
    }

    synchronized boolean add(String name, BooleanSupplier condition) {
        boolean added = put("readiness condition", readiness, name, condition);
        conditions = List.copyOf(readiness.values());
        return added;
    }

    /** The app's own gates and the servers'; without a lock. */
    List<RequestGate> allGates() {
        return allGates;
    }

    private void rememberGates(boolean added, List<RequestGate> more) {
        if (added) {
            List<RequestGate> all = new ArrayList<>(allGates);
            all.addAll(more);
            allGates = List.copyOf(all);
        }
    }

    /** Without a lock, for whoever asks whether the app is ready. */
    List<BooleanSupplier> conditions() {
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
        if (map.containsKey(name)) {
            throw new IllegalArgumentException(
                    kind + " '" + name + "' is registered already (expected: a name that is used once)");
        }
        map.put(name, value);
        return true;
    }
}
