package io.lifecycle4j.jetty;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.ShutdownReason;
import io.lifecycle4j.jetty.GateHandler.Counted;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Jetty 12.1 server that an app starts, drains and stops; Jetty 12.0 is not supported.
 *
 * <p>From its start on, the server has a gate in front of all handlers. During the announce delay, all is served; HTTP/1.1 responses carry
 * {@code Connection: close}, and HTTP/2 connections without a stream are sent GOAWAY. When the delay ends, idle HTTP/1.1 connections are
 * closed. During the drain, the gate answers new requests and upgrades with
 * 503, {@code Retry-After} and, on HTTP/1.1, {@code Connection: close}. Requests in flight complete; their HTTP/1.1 responses
 * carry {@code Connection: close}. The drain waits until the peers have everything:
 *
 * <ul>
 *   <li>A WebSocket session (of Jetty's API, of servlets, of Jakarta WebSocket, of frameworks built on these) is sent what is queued for
 *       it, then a close frame; the peer's answer is waited for. The close frames are spread over a time.
 *   <li>An HTTP/2 connection is sent GOAWAY and PING when the last of its streams has ended, and the answer to the PING is waited for. Then
 *       the peer has one second, and one more for each megabyte of its last responses, to close the connection.
 *   <li>A tunnel ({@code CONNECT}), or an upgrade to a protocol that Jetty does not know, is waited for.
 * </ul>
 *
 * The drain's limit holds for every peer. A peer that has not got everything by then is cut and named in the report, whose outcome is
 * TIMED_OUT. Requests in flight at the limit are named in the log with method, path and age. At the stop, idle connections are
 * closed and not waited for.
 *
 * <p>Jetty's own graceful stop is not used: it closes the listener first, waits up to two seconds for idle connections, and cuts
 * uploads that pause for one second. Therefore {@code stopTimeout} is set to zero, and a server with {@code stopAtShutdown} is refused.
 *
 * <p>Handlers, connectors and thread pool stay the user's. Options are set by one thread before the server is registered with {@code
 * app.server(...)}; a later call is refused.
 *
 * @since 0.1
 */
public final class JettyServer implements ManagedServer {
    private static final Logger LOG = LoggerFactory.getLogger("io.lifecycle4j.jetty");
    private static final String NAME = "io.lifecycle4j.name";
    private static final Duration RESERVE = Duration.ofMillis(100);
    private static final Duration LEAST_REQUEST_TIMEOUT = Duration.ofMillis(100);

    /** Starts or stops a server in the way of the framework that it belongs to. */
    @FunctionalInterface
    public interface Action {

        /** Starts or stops the server; what it throws fails the start or the stop. */
        void run() throws Exception;
    }

    private final String name;
    private final Server server;
    private final WebSocketOptions webSocket = new WebSocketOptions();
    private final Peers peers;
    private final OpenConnections connections;
    private final Counted exempted;
    private Counted drained;
    private DrainPolicy policy = DrainPolicy.REJECT;
    private Rejection rejection = Rejection.DEFAULT;
    private Predicate<Request> exempt = request -> false;
    private Action starter;
    private Action stopper;
    private boolean wantsInherited;
    private @Nullable RequestTimeout requestTimeout;
    private volatile @Nullable InheritedSocket inherited;
    private volatile boolean registered;
    private volatile boolean announced;
    private volatile boolean stopping;

    private JettyServer(String name, Server server) {
        this.name = name;
        this.server = server;
        this.drained = Counted.by(new RequestGate(name));
        this.exempted = Counted.by(new RequestGate(name));
        this.peers = new Peers(server, webSocket);
        this.connections = new OpenConnections(server);
        this.starter = server::start;
        this.stopper = server::stop;
    }

    /**
     * Wraps a server that has not been started.
     *
     * @param name the server's name in the log and the report; not blank, unique in its app
     * @param server the server; its app starts and stops it from now on
     * @throws IllegalArgumentException if the server was started, has a name already, or would be stopped by a JVM hook of its own
     */
    public static JettyServer of(String name, Server server) {
        Checks.notNull("server '" + name + "'", server);
        Object other = server.getAttribute(NAME);
        if (other != null) {
            throw new IllegalArgumentException("server '" + name + "': it is '" + other
                    + "' already (expected: a Server of its own for each name)");
        }
        StartChecks.whyNotToBeStarted(server).ifPresent(wrong -> {
            throw new IllegalArgumentException("server '" + name + "': " + wrong);
        });
        JettyServer wrapped = new JettyServer(name, server);
        server.setAttribute(NAME, name);
        return wrapped;
    }

    /**
     * Leaves start and stop to the framework that the server belongs to, which may do more than that: add a connector, fire events. For
     * Javalin:
     *
     * <pre>{@code
     * Javalin javalin = Javalin.create(config -> ...);
     * app.server(JettyServer.of("api", javalin.jettyServer().server())
     *         .startedBy(() -> javalin.start(8080), javalin::stop));
     * }</pre>
     *
     * By default the server itself is started and stopped. Returns this.
     *
     * @param start called in place of {@link Server#start}; the server must be started when it returns
     * @param stop called in place of {@link Server#stop}, within the stop's limit, when all connections have been closed
     */
    public JettyServer startedBy(Action start, Action stop) {
        checkMutable("startedBy");
        starter = Checks.notNull("start", start);
        stopper = Checks.notNull("stop", stop);
        return this;
    }

    /** Sets what becomes of new requests while the app drains; default {@link DrainPolicy#REJECT}. Returns this. */
    public JettyServer drainPolicy(DrainPolicy choice) {
        checkMutable("drainPolicy");
        policy = Checks.notNull("drainPolicy", choice);
        drained = Counted.by(
                switch (choice) {
                    case REJECT, ALWAYS_OPEN -> new RequestGate(name);
                    case SERVE_UNTIL_IDLE -> RequestGate.servingUntilIdle(name);
                    case STOP_ACCEPTING -> RequestGate.servingUntilClosed(name);
                });
        return this;
    }

    /**
     * Takes the listening socket that the process has inherited as descriptor 0, from systemd ({@code StandardInput=socket}) or any other
     * parent; where there is none, the connector binds as usual. The log says which of the two it was. The socket is not closed when the
     * server stops, but when the process ends; then clients wait in its queue for the next process, see {@link DrainPolicy#STOP_ACCEPTING}.
     * One server of a process can have it, and needs exactly one connector, without an acceptor thread:
     *
     * <pre>{@code
     * new ServerConnector(server, null, null, null, 0, -1, new HttpConnectionFactory())
     * }</pre>
     *
     * The start fails if the descriptor is a socket that does not listen, or listens at another port than the connector asks for. Returns
     * this.
     */
    public JettyServer inheritedSocket() {
        checkMutable("inheritedSocket");
        wantsInherited = true;
        return this;
    }

    /**
     * Sets the {@code Retry-After} of rejected requests, in whole seconds, rounded up; default 1 s, at most 365 days. Returns
     * this.
     */
    public JettyServer retryAfter(Duration time) {
        checkMutable("retryAfter");
        rejection = rejection.with(Checks.time("retryAfter", time));
        return this;
    }

    /**
     * Sets the answer to rejected requests; default 503 with a body of type {@code application/problem+json}. Returns this.
     *
     * @param status 400 to 599
     * @param contentType of the body; the body is encoded in UTF-8
     * @param body may be empty
     */
    public JettyServer rejectWith(int status, String contentType, String body) {
        checkMutable("rejectWith");
        if (status < 400 || status > 599) {
            throw new IllegalArgumentException("status of rejected requests: " + status + " (expected: 400 to 599)");
        }
        rejection =
                rejection.with(status, Checks.headerValue("contentType", contentType), Checks.notNull("body", body));
        return this;
    }

    /**
     * Sets a handler that answers rejected requests, for an answer that depends on the request. The status, {@code Retry-After} and, on
     * HTTP/1.1, {@code Connection: close} are set before it is called; a request for which it returns false gets the fixed
     * answer. It runs on Jetty's thread and must not block. Returns this.
     */
    public JettyServer rejectWith(Request.Handler handler) {
        checkMutable("rejectWith");
        rejection = rejection.with(Checks.notNull("handler", handler));
        return this;
    }

    /**
     * Exempts the matching requests from the drain: they are served during it, and it does not wait for them; by default no request is
     * exempt. From STOP on they are rejected; those in flight then have half of the stop's limit, after which they are cut and named in the
     * report. An upgrade is never exempt. Returns this.
     *
     * @param requests asked once for each request, on Jetty's thread; must not block
     */
    public JettyServer exempt(Predicate<Request> requests) {
        checkMutable("exempt");
        exempt = Checks.notNull("requests", requests);
        return this;
    }

    /**
     * Sets how long a client may take to send a request; by default a client may take as long as it likes if a byte comes within each idle
     * time-out of Jetty's, and holds a place in the server, and a thread where a handler waits for the body. Returns this.
     *
     * <ul>
     *   <li>A header must be whole within {@code timeout}, on HTTP/1.1, and the handshake of TLS before it. Connections are looked at once a
     *       second; one on which bytes have come for that long without a request is closed without a response. A connection on which no
     *       byte comes is left to the idle time-out.
     *   <li>A body must come within {@code timeout} and one second more for each {@code bytesPerSecond} bytes of it. Only the time is
     *       counted in which a handler waits for it. Then reading fails with an {@link org.eclipse.jetty.http.HttpException} of status 408,
     *       which Jetty answers if the handler throws it or fails the callback with it, and an HTTP/1.1 connection is closed after the answer.
     * </ul>
     *
     * A timeout that is shorter than {@code drainTimeout} keeps such a client from making a shutdown TIMED_OUT. Messages on a WebSocket are
     * no requests; neither is a tunnel.
     *
     * @param timeout at least 100 ms, at most 365 days
     * @param bytesPerSecond at least 1; a client that is slower than this after {@code timeout} is cut
     */
    public JettyServer requestTimeout(Duration timeout, long bytesPerSecond) {
        checkMutable("requestTimeout");
        if (Checks.time("requestTimeout", timeout).compareTo(LEAST_REQUEST_TIMEOUT) < 0) {
            throw new IllegalArgumentException("requestTimeout: " + timeout + " (expected: at least 100 ms)");
        }
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException("bytesPerSecond: " + bytesPerSecond + " (expected: at least 1)");
        }
        requestTimeout = new RequestTimeout(timeout, bytesPerSecond);
        return this;
    }

    /**
     * Sets how the WebSocket sessions of any API are closed. Returns this.
     *
     * <pre>{@code
     * JettyServer.of("chat", jetty).webSocket(ws -> ws.closeCode(1012, "restart"))
     * }</pre>
     */
    public JettyServer webSocket(Consumer<WebSocketOptions> options) {
        checkMutable("webSocket");
        Checks.notNull("options", options).accept(webSocket);
        return this;
    }

    private void checkMutable(String option) {
        if (registered) {
            throw new IllegalStateException("server '" + name + "' is registered, and " + option
                    + " would be lost (expected: before it; app.server(JettyServer.of(...)." + option + "(...)))");
        }
    }

    @Override
    public String name() {
        return name;
    }

    /** Returns the server's gate; none if it is always open. The app calls this when the server is registered, which fixes its options. */
    @Override
    public List<RequestGate> gates() {
        if (policy == DrainPolicy.STOP_ACCEPTING && !wantsInherited) {
            throw new IllegalArgumentException("server '" + name + "': drainPolicy STOP_ACCEPTING (expected: with"
                    + " inheritedSocket(); the queue of a socket of its own is lost with the process)");
        }
        if (!registered && policy == DrainPolicy.STOP_ACCEPTING && !InheritedSocket.isThere()) {
            drainPolicy(DrainPolicy.REJECT);
        }
        registered = true;
        webSocket.complete();
        return policy == DrainPolicy.ALWAYS_OPEN ? List.of() : List.of(drained.gate());
    }

    @Override
    public void start(ServerContext context) throws Exception {
        StartChecks checks = new StartChecks(name, server);
        checks.before();
        if (wantsInherited) {
            inherited = InheritedSocket.take(name, server);
        }
        Predicate<Request> exempts = policy == DrainPolicy.ALWAYS_OPEN
                ? request -> true
                : request -> exempt.test(request) && !GateHandler.isUpgrade(request);
        server.insertHandler(new GateHandler(drained, exempted, exempts, rejection, requestTimeout, peers));
        try {
            starter.run();
        } catch (Exception e) {
            throw checks.explained(e);
        }
        // Not before the start, since a framework may stop its server when that fails. A stop that comes before the
        // listener is found by the check after it.
        server.addEventListener(new StopListener(context));
        checks.after();
        if (wantsInherited) {
            LOG.info(
                    "Server '{}' {} {}",
                    name,
                    inherited == null ? "inherited no socket, and has bound" : "listens on the inherited socket",
                    server.getURI().getAuthority());
        }
        watch(context, requestTimeout == null ? null : new SlowHeaders(connections, requestTimeout.time()));
    }

    @Override
    public ManagedServer understudy() {
        return new Understudy(name);
    }

    @Override
    public List<String> inFlight() {
        return drained.inFlight().names();
    }

    @Override
    public void announce(ShutdownContext context) {
        announced = true;
        peers.announce();
    }

    @Override
    public void drain(ShutdownContext context) throws Exception {
        InheritedSocket socket = inherited;
        if (policy == DrainPolicy.STOP_ACCEPTING && socket != null) {
            socket.stopAccepting();
        }
        if (announced) {
            // The delay was their time to send a request and be told.
            connections.closeIdle(connectionsInFlight());
        }
        if (context.reason().kind() == ShutdownReason.Kind.EXIT) {
            abandonTheRequestThatExits(context);
        }
        // The peers get a little less than the limit, so that there is time to cut those that are left before the
        // interrupt.
        Duration left = context.remaining();
        Duration reserve = left.dividedBy(10).compareTo(RESERVE) < 0 ? left.dividedBy(10) : RESERVE;
        peers.drain(context, this::awaitDrained, left.minus(reserve));
    }

    private Stream<Connection> connectionsInFlight() {
        return Stream.concat(
                drained.inFlight().connections(), exempted.inFlight().connections());
    }

    private boolean awaitDrained(long until) throws InterruptedException {
        if (policy == DrainPolicy.STOP_ACCEPTING) {
            connections.awaitQuiet(drained.gate(), until);
            drained.gate().close();
        }
        return drained.gate().awaitDrained(Peers.left(until));
    }

    // System.exit waits for the shutdown and never returns, so the drain cannot wait for a request that has called it.
    private void abandonTheRequestThatExits(ShutdownContext context) {
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            String request = isInExit(stack) ? drained.inFlight().removeHandledBy(thread) : null;
            if (request != null) {
                drained.gate().leave();
                context.cut(List.of(request + ", which has called System.exit"));
                if (server.getThreadPool() instanceof QueuedThreadPool pool) {
                    pool.setStopTimeout(0);
                }
            }
        });
    }

    private static boolean isInExit(StackTraceElement[] stack) {
        return Arrays.stream(stack).anyMatch(frame -> frame.getClassName().equals("java.lang.Shutdown"));
    }

    @Override
    public void stop(ShutdownContext context) throws Exception {
        stopping = true;
        server.setStopTimeout(0);
        exempted.gate().close();
        Duration half = context.remaining().dividedBy(2);
        long until = System.nanoTime() + half.toNanos();
        if (policy == DrainPolicy.ALWAYS_OPEN) {
            peers.drain(context, end -> exempted.gate().awaitDrained(Peers.left(end)), half);
        }
        if (!exempted.gate().awaitDrained(Peers.left(until))) {
            context.cut(exempted.inFlight().names());
        }
        peers.cutLate(context, until);
        // Jetty's own stop would wait about two seconds for idle connections, so they are closed before it.
        InheritedSocket socket = inherited;
        if (socket != null) {
            socket.stopAccepting();
            socket.awaitReleased(until);
        } else {
            for (Connector connector : server.getConnectors()) {
                if (connector instanceof NetworkConnector network) {
                    network.close();
                }
            }
        }
        connections.closeAll(until);
        boundThreadPool(context.remaining());
        stopper.run();
    }

    // The pool waits half of its own limit, 5 s by default, before it interrupts a handler that is still at work.
    private void boundThreadPool(Duration limit) {
        if (server.getThreadPool() instanceof QueuedThreadPool pool) {
            pool.setStopTimeout(Math.min(pool.getStopTimeout(), limit.toMillis() / 10 * 8));
        }
    }

    // Polls once a second, since Jetty has no event for a connector whose socket was closed or whose acceptor was
    // interrupted, nor for a part of a header.
    private void watch(ServerContext context, @Nullable SlowHeaders headers) {
        for (Connector connector : server.getConnectors()) {
            if (!stopping && connector instanceof NetworkConnector network && !network.isOpen()) {
                context.fail(new IllegalStateException("a connector does not listen any more: " + connector));
                return;
            }
        }
        if (stopping) {
            return;
        }
        try {
            if (headers != null) {
                headers.closeLate(connectionsInFlight());
            }
        } finally { // a connection of a foreign kind must not end the watch
            var unused = server.getScheduler().schedule(() -> watch(context, headers), 1, TimeUnit.SECONDS);
        }
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
