package io.lifecycle4j.sample.im.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.AppState;
import io.lifecycle4j.AppView;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.mongo.MongoStorage;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.websocket.ChatSession;
import io.lifecycle4j.sample.im.websocket.ChatSessions;
import io.lifecycle4j.sample.im.websocket.Node;
import io.lifecycle4j.sample.im.websocket.SendQueue;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;

/** How the server fares, as its metrics and its status pages show it. Thread-safe. */
public final class ImStatus {
    private static final double NANOS = 1e9;

    private final AppView app;
    private final List<RequestGate> gates;
    private final ChatSessions sessions;
    private final Rooms rooms;
    private final MongoStorage storage;
    private final String node = Node.NAME; // looked up at the start
    private final long startedAt = System.nanoTime();

    public ImStatus(AppView app, List<RequestGate> gates, ChatSessions sessions, Rooms rooms, MongoStorage storage) {
        this.app = app;
        this.gates = List.copyOf(gates);
        this.sessions = sessions;
        this.rooms = rooms;
        this.storage = storage;
    }

    /** What the page's panel shows. */
    public ObjectNode brief() {
        Phase phase = app.phase();
        ObjectNode body = Json.object()
                .put("state", app.state().name())
                .put("phase", phase == null ? null : phase.name())
                .put("sessions", sessions.size());
        ObjectNode inFlight = body.putObject("in_flight");
        app.inFlightByGate().forEach(inFlight::put);
        return body;
    }

    /** What an operator wants to know. */
    public ObjectNode full() {
        ObjectNode body = brief().put("ready", app.isReady())
                .put("node", node)
                .put("uptime_seconds", TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startedAt))
                .put("rooms", rooms.size())
                .put("receipts_unwritten", storage.receipts().unwritten());
        if (app.isShuttingDown()) {
            body.put("shutdown_seconds", shutdownSeconds());
        }
        ObjectNode rejected = body.putObject("rejected");
        gates.forEach(gate -> rejected.put(gate.name(), gate.rejected()));
        body.putObject("queued")
                .put("messages_to_store", storage.messages().waiting())
                .put("frames_to_clients", queued(SendQueue::frames))
                .put("bytes_to_clients", queued(SendQueue::bytes));
        body.putObject("mongo")
                .put("healthy", storage.heartbeat().isHealthy())
                .put("round_trip_ms", storage.heartbeat().roundTrip().toNanos() / 1e6);
        body.putObject("clients").put("slowest_round_trip_ms", slowestRoundTripNanos() / 1e6);
        return body;
    }

    /** Adds all of it to the metrics. */
    public void register(ImMetrics metrics) {
        metrics.gauge("im_sessions", "Open WebSocket sessions.", sessions::size);
        metrics.gauge("im_rooms", "Rooms with somebody in them.", rooms::size);
        metrics.gauge("im_store_queue", "Messages that wait to be stored.", storage.messages()::waiting);
        metrics.gauge(
                "im_client_queue_frames", "Frames that wait for clients to read.", () -> queued(SendQueue::frames));
        metrics.gauge("im_client_queue_bytes", "Bytes that wait for clients to read.", () -> queued(SendQueue::bytes));
        metrics.gauge("im_receipts_unwritten", "Read receipts that are not stored yet.", storage.receipts()::unwritten);
        metrics.gauge(
                "im_mongo_up",
                "1 if the database answered the last heartbeat.",
                () -> storage.heartbeat().isHealthy() ? 1 : 0);
        metrics.gauge(
                "im_mongo_round_trip_seconds",
                "The last heartbeat that was answered.",
                () -> storage.heartbeat().roundTrip().toNanos() / NANOS);
        metrics.gauge("im_shutdown_seconds", "Since a shutdown began; 0 before.", this::shutdownSeconds);
        metrics.gauge("im_heap_bytes", "Heap in use, garbage included.", () -> {
            Runtime runtime = Runtime.getRuntime();
            return runtime.totalMemory() - runtime.freeMemory();
        });
        metrics.gauges("im_state", "1 for the state that the app is in.", "state", values -> {
            for (AppState state : AppState.values()) {
                values.call(state == app.state() ? 1 : 0, state.name());
            }
        });
        metrics.gauges("im_phase", "1 for the phase of the shutdown that is under way.", "phase", values -> {
            for (Phase phase : Phase.values()) {
                values.call(phase == app.phase() ? 1 : 0, phase.name());
            }
        });
        metrics.gauges(
                "im_in_flight",
                "Requests and messages in flight, by gate: what a drain waits for.",
                "gate",
                values -> app.inFlightByGate().forEach((gate, count) -> values.call((double) count, gate)));
        metrics.counters(
                "im_rejected",
                "Requests and messages that a closed gate rejected.",
                "gate",
                values -> gates.forEach(gate -> values.call((double) gate.rejected(), gate.name())));
    }

    private long queued(ToLongFunction<SendQueue> what) {
        return sessions.each(session -> what.applyAsLong(session.queue())).sum();
    }

    private long slowestRoundTripNanos() {
        return sessions.each(ChatSession::roundTripNanos).max().orElse(0);
    }

    private double shutdownSeconds() {
        Duration since = app.timeSinceShutdownBegan();
        return since == null ? 0 : since.toNanos() / NANOS;
    }
}
