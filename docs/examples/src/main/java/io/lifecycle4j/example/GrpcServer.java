package io.lifecycle4j.example;

import io.grpc.Attributes;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A gRPC server, as an app starts, drains and stops it. Calls of every kind are in flight from their headers to their status; a call
 * that comes during the drain gets UNAVAILABLE, over a new connection, too: the server listens until it is stopped, since its own
 * {@code shutdown()} would close the port. The stop waits for the clients that have called: gRPC closes a connection when the client has
 * answered a PING, and so has read what came before it.
 */
public final class GrpcServer implements ManagedServer {
    // After ten seconds gRPC closes a connection whatever its client has read, and nothing tells that from a goodbye.
    private static final Duration PATIENCE = Duration.ofSeconds(9);

    private final String name;
    private final Server server;
    private final ExecutorService workers = Executors.newCachedThreadPool(); // ours, so that stop can interrupt them
    private final RequestGate gate;
    private final Set<ServerCall<?, ?>> inside = ConcurrentHashMap.newKeySet();
    private final Connections connections = new Connections();
    private final RequestGate readers; // connections on which there was a call

    /** Takes a builder that has its port, its services and its interceptors; sets the executor. */
    public GrpcServer(String name, ServerBuilder<?> builder) {
        this.name = name;
        this.gate = new RequestGate(name);
        this.readers = new RequestGate(name + "-readers");
        // The interceptor that is added last is called first, so that the gate stands before all others.
        this.server = builder.executor(workers)
                .addTransportFilter(connections)
                .intercept(new Gate())
                .build();
    }

    public int port() {
        return server.getPort();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<RequestGate> gates() {
        return List.of(gate);
    }

    @Override
    public void start(ServerContext context) throws Exception {
        try {
            server.start();
        } catch (IOException e) { // its message has the address, its cause the reason
            throw new AppStartException(
                    "server '" + name + "' cannot listen: " + e.getMessage() + ": " + e.getCause(), e);
        }
    }

    @Override
    public void stop(ShutdownContext context) throws InterruptedException {
        try {
            server.shutdown(); // tells the clients; a call that is on its way to the gate gets its UNAVAILABLE
            readers.close();
            Duration half = context.remaining().dividedBy(2);
            // What is still in flight has been waited for, and was abandoned.
            if (inside.isEmpty() && !readers.awaitDrained(half.compareTo(PATIENCE) < 0 ? half : PATIENCE)) {
                context.cut(connections.reading());
            }
            server.shutdownNow();
            server.awaitTermination(); // for connections, not for handlers; the app interrupts it at its limit
        } finally {
            workers.shutdownNow();
        }
    }

    @Override
    public List<String> inFlight() {
        return inside.stream()
                .map(call -> call.getMethodDescriptor().getFullMethodName())
                .toList();
    }

    private void leave(ServerCall<?, ?> call) {
        inside.remove(call);
        gate.leave();
    }

    private final class Connections extends ServerTransportFilter {
        private final Map<SocketAddress, Boolean> called = new ConcurrentHashMap<>(); // whether there was a call

        @Override
        public Attributes transportReady(Attributes transport) {
            called.put(client(transport), false);
            return transport;
        }

        // A connection may end before its call gets here.
        void carry(ServerCall<?, ?> call) {
            called.computeIfPresent(client(call.getAttributes()), (client, counted) -> counted || readers.tryEnter());
        }

        @Override
        public void transportTerminated(Attributes transport) {
            // It is null if the connection was never ready.
            if (transport != null && Boolean.TRUE.equals(called.remove(client(transport)))) {
                readers.leave();
            }
        }

        List<String> reading() {
            return called.entrySet().stream()
                    .filter(Map.Entry::getValue)
                    .map(entry -> "connection of " + entry.getKey())
                    .toList();
        }

        private static SocketAddress client(Attributes attributes) {
            return attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        }
    }

    // begin: grpc
    private final class Gate implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            connections.carry(call);
            if (!gate.tryEnter()) {
                call.close(
                        Status.UNAVAILABLE.withDescription("server '" + name + "' is shutting down"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            inside.add(call);
            ServerCall.Listener<Q> started;
            try {
                started = next.startCall(call, headers);
            } catch (RuntimeException | Error e) {
                leave(call); // gRPC closes such a call with an error, and calls no listener
                throw e;
            }
            // gRPC calls one of these once, when the status is written or the client is gone, and when the handler has
            // returned. A ServerStreamTracer would learn of a cancelled call while its handler still runs.
            return new SimpleForwardingServerCallListener<>(started) {
                @Override
                public void onComplete() {
                    try {
                        super.onComplete();
                    } finally {
                        leave(call);
                    }
                }

                @Override
                public void onCancel() {
                    try {
                        super.onCancel();
                    } finally {
                        leave(call);
                    }
                }
            };
        }
    }
    // end: grpc
}
