package io.lifecycle4j.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.testing.AdapterContract.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An adapter for the JDK's HTTP server with a mistake, or with none. */
record FlawedAdapter(Flaw flaw) implements AdapterContract.Adapter {

    enum Flaw {
        NONE("-"),
        SERVES_UNTIL_IDLE("-"),
        DOES_NOT_LISTEN("a started server accepts requests"),
        HAS_NO_GATE("requests in flight are counted by the gate"),
        LEAVES_BEFORE_THE_RESPONSE("the drain waits for a request in flight, and no longer"),
        NEVER_LEAVES("requests in flight are counted by the gate"),
        LEAVES_TWICE("requests in flight are counted by the gate"),
        SERVES_WHAT_IT_COUNTS_AS_REJECTED("a request in the drain is answered by the gate's policy"),
        HAS_ONE_WORKER("a request in the drain is answered by the gate's policy"),
        REPORTS_IDLE_CONNECTIONS_AS_CUT("a connection without a request delays nothing"),
        TELLS_SECRETS("work in flight is named, without secrets"),
        NAMES_NOTHING("work in flight is named, without secrets"),
        WAITS_FOR_HANDLERS("a request that outlives the drain is cut by stop"),
        KEEPS_CONNECTIONS("a connection that comes during stop is ended, too"),
        KEEPS_THE_PORT("stop frees the port for the next server"),
        FAILS_TO_STOP_WHAT_DID_NOT_START("a port in use fails the start, and stop is harmless"),
        LEAVES_THE_PORT_WHEN_INTERRUPTED("an interrupted start leaves nothing behind");

        final String broken;

        Flaw(String broken) {
            this.broken = broken;
        }
    }

    @Override
    public ManagedServer create(int port, Runnable handler) throws IOException {
        return new Server(flaw, port, handler);
    }

    @Override
    public Answer request(int port, String secret) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + port + "/orders?token=" + secret);
        HttpResponse<Void> response =
                HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding());
        return switch (response.statusCode()) {
            case 200 -> Answer.SERVED;
            case 503 -> Answer.REJECTED;
            default -> throw new IOException("status " + response.statusCode());
        };
    }

    private static final class Server implements ManagedServer {
        private final Flaw flaw;
        private final int port;
        private final HttpServer server = HttpServer.create();
        private final ExecutorService workers;
        private final RequestGate gate;
        private final Set<HttpExchange> inside = ConcurrentHashMap.newKeySet();
        private final Queue<Socket> kept = new ConcurrentLinkedQueue<>(); // or they would be closed as garbage
        private @Nullable ServerSocket listener;
        private boolean started;

        Server(Flaw flaw, int port, Runnable handler) throws IOException {
            this.flaw = flaw;
            this.port = port;
            this.gate = flaw == Flaw.SERVES_UNTIL_IDLE ? RequestGate.servingUntilIdle("http") : new RequestGate("http");
            this.workers =
                    flaw == Flaw.HAS_ONE_WORKER ? Executors.newSingleThreadExecutor() : Executors.newCachedThreadPool();
            server.setExecutor(workers);
            server.createContext("/", exchange -> serve(exchange, handler));
        }

        private void serve(HttpExchange exchange, Runnable handler) throws IOException {
            boolean entered = gate.tryEnter();
            if (!entered && flaw != Flaw.SERVES_WHAT_IT_COUNTS_AS_REJECTED) {
                exchange.sendResponseHeaders(503, -1);
                exchange.close();
                return;
            }
            inside.add(exchange);
            try {
                if (flaw == Flaw.LEAVES_BEFORE_THE_RESPONSE) {
                    gate.leave();
                }
                handler.run();
                exchange.sendResponseHeaders(200, -1);
            } finally {
                exchange.close();
                inside.remove(exchange);
                if (entered && flaw != Flaw.NEVER_LEAVES && flaw != Flaw.LEAVES_BEFORE_THE_RESPONSE) {
                    gate.leave();
                }
                if (flaw == Flaw.LEAVES_TWICE) {
                    gate.leave();
                }
            }
        }

        @Override
        public String name() {
            return "http";
        }

        @Override
        public List<RequestGate> gates() {
            return flaw == Flaw.HAS_NO_GATE ? List.of() : List.of(gate);
        }

        @Override
        public void start(ServerContext context) throws Exception {
            if (flaw == Flaw.DOES_NOT_LISTEN) {
                return;
            }
            if (flaw == Flaw.KEEPS_CONNECTIONS) {
                ServerSocket socket = new ServerSocket(port, 0, InetAddress.getLoopbackAddress());
                listener = socket;
                workers.execute(() -> keepConnections(socket));
                return;
            }
            try {
                server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            } catch (IOException e) {
                throw new AppStartException("port " + port + " is in use", e);
            }
            server.start();
            if (flaw == Flaw.LEAVES_THE_PORT_WHEN_INTERRUPTED && Thread.interrupted()) {
                throw new InterruptedException();
            }
            started = true;
        }

        private void keepConnections(ServerSocket socket) {
            try {
                while (true) {
                    kept.add(socket.accept());
                }
            } catch (IOException e) {
                return; // stop has closed it
            }
        }

        @Override
        public void drain(ShutdownContext context) {
            if (flaw == Flaw.REPORTS_IDLE_CONNECTIONS_AS_CUT) {
                context.cut(List.of("a connection"));
            }
        }

        @Override
        public void stop(ShutdownContext context) throws Exception {
            if (!started && flaw == Flaw.FAILS_TO_STOP_WHAT_DID_NOT_START) {
                throw new IllegalStateException("not started");
            }
            if (flaw == Flaw.KEEPS_THE_PORT || (!started && flaw == Flaw.LEAVES_THE_PORT_WHEN_INTERRUPTED)) {
                return;
            }
            if (flaw == Flaw.WAITS_FOR_HANDLERS) {
                workers.shutdown();
                boolean unused = workers.awaitTermination(1, TimeUnit.HOURS);
            }
            if (listener != null) {
                listener.close();
            }
            server.stop(0);
            server.stop(0); // ends what was accepted while the first one ended the others
            workers.shutdownNow();
        }

        @Override
        public List<String> inFlight() {
            return flaw == Flaw.NAMES_NOTHING
                    ? List.of()
                    : inside.stream()
                            .map(HttpExchange::getRequestURI)
                            .map(uri -> flaw == Flaw.TELLS_SECRETS ? uri.toString() : uri.getPath())
                            .toList();
        }
    }
}
