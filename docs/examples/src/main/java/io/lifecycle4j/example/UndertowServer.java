package io.lifecycle4j.example;

import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import io.undertow.util.StatusCodes;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.xnio.XnioWorker;

/** An Undertow server for HTTP/1.1, as an app starts, drains and stops it. */
public final class UndertowServer implements ManagedServer {
    private final String name;
    private final InetSocketAddress address;
    private final HttpHandler handler;
    private final Undertow server;
    private final RequestGate gate;
    private final Set<HttpServerExchange> inside = ConcurrentHashMap.newKeySet();

    public UndertowServer(String name, InetSocketAddress address, HttpHandler handler) {
        this.name = name;
        this.address = address;
        this.handler = handler;
        this.gate = new RequestGate(name);
        this.server = Undertow.builder()
                .addHttpListener(address.getPort(), address.getHostString())
                // Without it, Undertow's stop waits for its handlers once more, and without a limit.
                .setServerOption(UndertowOptions.SHUTDOWN_TIMEOUT, 0)
                .setHandler(this::handle)
                .build();
    }

    public int port() {
        return ((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort();
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
        } catch (RuntimeException e) {
            if (e.getCause() instanceof BindException bind) {
                throw new AppStartException(
                        "server '" + name + "' cannot listen on " + address + ": " + bind.getMessage(), bind);
            }
            throw e;
        }
    }

    @Override
    public void stop(ShutdownContext context) throws InterruptedException {
        XnioWorker worker = server.getWorker(); // null if the start did not come so far
        server.stop();
        if (worker != null) {
            worker.awaitTermination(); // its handlers have been interrupted; the app interrupts this wait at its limit
        }
    }

    @Override
    public List<String> inFlight() {
        return inside.stream()
                .map(exchange -> exchange.getRequestMethod() + " " + exchange.getRequestURI()) // has no query
                .toList();
    }

    // begin: undertow
    private void handle(HttpServerExchange exchange) throws Exception {
        if (!gate.tryEnter()) {
            exchange.setStatusCode(StatusCodes.SERVICE_UNAVAILABLE);
            exchange.getResponseHeaders().put(Headers.RETRY_AFTER, "1");
            exchange.setPersistent(false); // Connection: close
            exchange.getResponseSender().send(""); // endExchange() would lose the 503 of a request in chunks
            return;
        }
        inside.add(exchange);
        // Called once, when the response is complete, and after the listeners that the handlers add.
        exchange.addExchangeCompleteListener((completed, next) -> {
            inside.remove(completed);
            gate.leave();
            next.proceed();
        });
        exchange.addResponseCommitListener(committed -> {
            // Undertow would end a response without a length by closing its connection, which a client cannot tell from
            // a cut. Such a response stays in chunks.
            if (gate.isGoingAway() && committed.getResponseContentLength() >= 0) {
                committed.setPersistent(false);
            }
        });
        handler.handleRequest(exchange);
    }
    // end: undertow
}
