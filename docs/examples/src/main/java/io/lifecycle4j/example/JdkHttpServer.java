package io.lifecycle4j.example;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The JDK's HTTP server, as an app starts, drains and stops it. */
public final class JdkHttpServer implements ManagedServer {
    private final String name;
    private final InetSocketAddress address;
    private final HttpServer server;
    private final ExecutorService workers = Executors.newCachedThreadPool(); // its own dispatcher would reject nobody
    private final RequestGate gate;
    private final Set<HttpExchange> inside = ConcurrentHashMap.newKeySet();

    public JdkHttpServer(String name, InetSocketAddress address) throws IOException {
        this.name = name;
        this.address = address;
        this.server = HttpServer.create(); // not bound before the app starts
        this.gate = new RequestGate(name);
        server.setExecutor(workers);
    }

    public JdkHttpServer handle(String path, HttpHandler handler) {
        server.createContext(path, handler).getFilters().add(0, new GateFilter());
        return this;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<RequestGate> gates() {
        return List.of(gate); // closed when the drain begins; the app waits until it is empty
    }

    @Override
    public void start(ServerContext context) throws Exception {
        try {
            server.bind(address, 0);
        } catch (BindException e) {
            throw new AppStartException("server '" + name + "' cannot listen on " + address + ": " + e.getMessage(), e);
        }
        server.start();
    }

    @Override
    public void stop(ShutdownContext context) {
        server.stop(0); // at once: nobody is inside, or the drain's limit has passed
        server.stop(0); // a connection that was accepted while the first stop closed the others
        workers.shutdownNow();
    }

    @Override
    public List<String> inFlight() { // for the log, if the drain's limit passes
        return inside.stream()
                .map(exchange -> exchange.getRequestMethod() + " "
                        + exchange.getRequestURI().getRawPath())
                .toList();
    }

    // begin: jdk
    private final class GateFilter extends Filter {
        @Override
        public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
            if (!gate.tryEnter()) {
                reject(exchange);
                return;
            }
            inside.add(exchange);
            try {
                if (gate.isGoingAway()) {
                    exchange.getResponseHeaders().set("Connection", "close");
                }
                chain.doFilter(exchange);
                exchange.close(); // the response is complete before the gate is told
            } catch (Error e) {
                throw new IOException(e); // the server would leave the connection open
            } finally {
                inside.remove(exchange);
                gate.leave();
            }
        }

        private void reject(HttpExchange exchange) throws IOException {
            exchange.getResponseHeaders().set("Connection", "close");
            exchange.getResponseHeaders().set("Retry-After", "1");
            exchange.sendResponseHeaders(503, -1);
            exchange.close();
        }

        @Override
        public String description() {
            return "rejects requests while the app drains, and counts those in flight";
        }
    }
    // end: jdk
}
