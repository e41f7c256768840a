package io.lifecycle4j.jetty;

import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownCallback;
import io.lifecycle4j.ShutdownContext;
import java.io.IOException;
import java.net.BindException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Jetty server that an app starts, drains and stops.
 *
 * <p>From the start on, a gate stands outside all handlers. While the app drains, it answers new requests and upgrades with
 * 503, {@code Retry-After} and, on HTTP/1.1, {@code Connection: close}; requests in flight complete, and their HTTP/1.1
 * responses carry {@code Connection: close}. Open WebSocket sessions are sent what is queued for them, then a close frame, spread over a
 * time; peers that do not answer are cut. HTTP/2 connections are sent GOAWAY. At the stop, idle connections are closed and not waited
 * for. What is in flight at the drain's limit is named in the log: method, path, age.
 *
 * <p>Jetty's own graceful stop is not used: it closes the listener first, waits up to two seconds for idle connections and cuts
 * uploads that pause for one. So {@code stopTimeout} is set to zero, and a server with {@code stopAtShutdown} is refused.
 *
 * <p>Handlers, connectors and thread pool stay the user's. To be configured before the app starts, by one thread.
 *
 * @since 0.1
 */
public final class JettyServer implements ManagedServer {
    private static final Logger LOG = LoggerFactory.getLogger("io.lifecycle4j.jetty");
    private static final String NAME = "io.lifecycle4j.name";

    private final String name;
    private final Server server;
    private final WebSocketDrain sessions = new WebSocketDrain();
    private final InFlight inFlight = new InFlight();
    private RequestGate gate;
    private Rejection rejection = Rejection.DEFAULT;
    private Predicate<Request> exempt = request -> false;
    private ShutdownCallback beforeClose = context -> {};
    private boolean alwaysOpen;
    private volatile boolean stopping;
    private volatile @Nullable Http2Drain http2;

    private JettyServer(String name, Server server) {
        this.name = name;
        this.server = server;
        this.gate = new RequestGate(name);
    }

    /**
     * Wraps a server that has not been started.
     *
     * @param name names the server in the log and the report; not blank, unique in its app
     * @param server the server; its app starts and stops it from now on
     * @throws IllegalArgumentException if the server was started, or would be stopped by a JVM hook of its own
     */
    public static JettyServer of(String name, Server server) {
        notNull("server '" + name + "'", server);
        JettyServer wrapped = new JettyServer(name, server);
        Object other = server.getAttribute(NAME);
        if (other != null) {
            throw new IllegalArgumentException("server '" + name + "': it is '" + other
                    + "' already (expected: a Server of its own for each name)");
        }
        if (!server.isStopped()) {
            throw new IllegalArgumentException("server '" + name + "': state " + server.getState()
                    + " (expected: STOPPED; leave the start to the app)");
        }
        if (server.getStopAtShutdown()) {
            throw new IllegalArgumentException(
                    "server '" + name + "': stopAtShutdown: true (expected: false; its JVM hook"
                            + " would stop the server while the app still drains it)");
        }
        server.setAttribute(NAME, name);
        return wrapped;
    }

    /** Sets the {@code Retry-After} of rejected requests, in whole seconds, rounded up; default 1 s. Returns this. */
    public JettyServer retryAfter(Duration time) {
        if (notNull("retryAfter", time).isNegative()) {
            throw new IllegalArgumentException("retryAfter: " + time + " (expected: >= 0)");
        }
        rejection = rejection.with(time);
        return this;
    }

    /**
     * Sets what rejected requests are answered; default 503 with a body of type {@code application/problem+json}. Returns this.
     *
     * @param status 400 to 599
     * @param contentType of the body; the body is encoded in UTF-8
     * @param body may be empty
     */
    public JettyServer rejectWith(int status, String contentType, String body) {
        if (status < 400 || status > 599) {
            throw new IllegalArgumentException("status of rejected requests: " + status + " (expected: 400 to 599)");
        }
        rejection = rejection.with(status, notNull("contentType", contentType), notNull("body", body));
        return this;
    }

    /**
     * Serves requests during the drain as well, with {@code Connection: close} on HTTP/1.1, until there is an instant without any or
     * the drain's limit has come; from then on they are rejected. For a server behind nothing that would turn elsewhere. WebSocket
     * upgrades are served, too, and their sessions closed. Returns this.
     */
    public JettyServer serveUntilIdle() {
        gate = RequestGate.servingUntilIdle(name);
        return this;
    }

    /** Makes the server serve until it stops: no gate, no drain; for health, metrics and status. Returns this. */
    public JettyServer alwaysOpen() {
        alwaysOpen = true;
        return this;
    }

    /**
     * Serves the requests that match even while draining, and does not wait for them; none by default. Returns this.
     *
     * @param requests asked once for each request, on Jetty's thread; must not block
     */
    public JettyServer exempt(Predicate<Request> requests) {
        exempt = notNull("requests", requests);
        return this;
    }

    /**
     * Sets the WebSocket close code and reason; default 1001 and "shutting down".
     *
     * @param code 1001 (going away), 1012 (service restart) or another that RFC 6455, section 7.4 lets an endpoint send
     * @param reason 123 bytes of UTF-8 at the most
     */
    public JettyServer closeCode(int code, String reason) {
        sessions.closeWith(code, reason);
        return this;
    }

    /**
     * Spreads the close of the WebSocket sessions over a time, so that clients do not all come back at once; default 1 ms for each
     * session, but at most a fifth of the drain's limit, and 2 s.
     *
     * @throws IllegalArgumentException if negative
     */
    public JettyServer closeOver(Duration time) {
        if (notNull("closeOver", time).isNegative()) {
            throw new IllegalArgumentException("closeOver: " + time + " (expected: >= 0)");
        }
        sessions.closeOver(time);
        return this;
    }

    /**
     * Sets what is done when the gate has closed and before the first WebSocket session is told: say goodbye to the clients, let
     * accepted messages be acknowledged. What it sends is written before the close frames. It shares the drain's limit with them;
     * if it throws, the sessions are closed all the same.
     */
    public JettyServer beforeClose(ShutdownCallback callback) {
        beforeClose = notNull("callback", callback);
        return this;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<RequestGate> gates() {
        return alwaysOpen ? List.of() : List.of(gate);
    }

    @Override
    public void start(ServerContext context) throws Exception {
        http2 = Http2Drain.isUsedBy(server) ? new Http2Drain(server) : null;
        if (!alwaysOpen) {
            server.insertHandler(new GateHandler(gate, exempt, rejection, inFlight));
        }
        if (server.getStopTimeout() > 0) {
            LOG.info(
                    "Server '{}': stopTimeout {} ms is set to 0 (the app waits for requests in flight, within its own limits)",
                    name,
                    server.getStopTimeout());
            server.setStopTimeout(0);
        }
        server.addEventListener(new StopListener(context));
        Collection<ServerWebSocketContainer> early = server.getContainedBeans(ServerWebSocketContainer.class);
        early.forEach(container -> container.addSessionListener(sessions)); // before the first can open
        try {
            server.start();
        } catch (IOException e) {
            if (e instanceof BindException
                    || e.getCause() instanceof BindException
                    || e.getCause() instanceof UnresolvedAddressException) {
                throw new AppStartException(notListening(e), e);
            }
            throw new AppStartException("server '" + name + "' could not start: TLS: " + e.getMessage(), e);
        }
        server.getContainedBeans(ServerWebSocketContainer.class).stream()
                .filter(container -> !early.contains(container))
                .forEach(sessions::listenTo);
        watch(context);
    }

    @Override
    public List<String> inFlight() {
        return inFlight.names();
    }

    @Override
    public void drain(ShutdownContext context) throws Exception {
        if (alwaysOpen) {
            return;
        }
        if (http2 != null) {
            http2.sayGoAway();
        }
        try {
            beforeClose.run(context);
        } finally {
            boolean unused = Thread.interrupted(); // meant for the callback
            sessions.drain(context);
        }
    }

    @Override
    public void stop(ShutdownContext context) throws Exception {
        stopping = true;
        if (!alwaysOpen) {
            sessions.awaitLate(context.remaining().dividedBy(2));
        }
        if (http2 != null) {
            http2.awaitReaders(context.remaining().dividedBy(2));
        }
        // Closed by us, idle connections need not be waited for; otherwise a stop takes Jetty about two seconds.
        for (Connector connector : server.getConnectors()) {
            if (connector instanceof NetworkConnector network) {
                network.close();
            }
            List.copyOf(connector.getConnectedEndPoints()).forEach(EndPoint::close);
        }
        server.stop();
    }

    // Looked at now and then: no event tells that the socket of a connector was closed, or its acceptor interrupted.
    private void watch(ServerContext context) {
        for (Connector connector : server.getConnectors()) {
            if (!stopping && connector instanceof NetworkConnector network && !network.isOpen()) {
                context.fail(new IllegalStateException("a connector does not listen any more: " + connector));
                return;
            }
        }
        if (!stopping) {
            var unused = server.getScheduler().schedule(() -> watch(context), 1, TimeUnit.SECONDS);
        }
    }

    private static <T> T notNull(String what, T value) {
        return Objects.requireNonNull(value, () -> what + ": null (expected: not null)");
    }

    private String notListening(IOException failure) {
        String addresses = "";
        for (Connector connector : server.getConnectors()) {
            if (connector instanceof NetworkConnector network && !network.isOpen() && addresses.isEmpty()) {
                String host = network.getHost() == null ? "0.0.0.0" : network.getHost();
                addresses = host + ":" + network.getPort();
            }
        }
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        String why = cause instanceof UnresolvedAddressException ? "unknown host" : String.valueOf(cause.getMessage());
        return "server '" + name + "' cannot listen on " + addresses + ": " + why
                + (cause instanceof BindException && why.contains("in use")
                        ? " (free the port, or choose another)"
                        : " (choose an address of this machine)");
    }

    private final class StopListener implements LifeCycle.Listener {
        private final ServerContext context;

        StopListener(ServerContext context) {
            this.context = context;
        }

        @Override
        public void lifeCycleStopping(LifeCycle event) {
            if (!stopping) {
                context.fail(new IllegalStateException("somebody else stopped it (expected: App.requestShutdown)"));
            }
        }
    }
}
