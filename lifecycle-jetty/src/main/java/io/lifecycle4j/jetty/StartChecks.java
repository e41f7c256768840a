package io.lifecycle4j.jetty;

import io.lifecycle4j.AppStartException;
import java.io.IOException;
import java.net.BindException;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ConnectHandler;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks a server before and after its start; each error names the fault and its remedy. */
final class StartChecks {
    private static final Logger LOG = LoggerFactory.getLogger("io.lifecycle4j.jetty");

    // Class names, since the classes may be missing on the class path.
    private static final Map<String, String> NOT_DRAINED = Map.of(
            ConnectHandler.class.getName(),
            "tunnels",
            "org.eclipse.jetty.websocket.core.server.WebSocketUpgradeHandler",
            "sessions of raw frame handlers");

    private final String name;
    private final Server server;

    StartChecks(String name, Server server) {
        this.name = name;
        this.server = server;
    }

    /** Returns what keeps a server from being started by an app; empty if nothing does. */
    static Optional<String> whyNotToBeStarted(Server server) {
        if (!server.isStopped()) {
            return Optional.of(
                    "state " + server.getState()
                            + " (expected: STOPPED; leave the start to the app, or give it a framework's start with startedBy)");
        }
        return server.getStopAtShutdown()
                ? Optional.of(
                        "stopAtShutdown: true (expected: false; its JVM hook would stop the server while the app still"
                                + " drains it)")
                : Optional.empty();
    }

    void before() throws AppStartException {
        Optional<String> wrong = whyNotToBeStarted(server);
        if (wrong.isPresent()) {
            throw new AppStartException("server '" + name + "': " + wrong.get(), null);
        }
    }

    /**
     * Returns what to throw for a start that has failed: one line for an error of configuration, the failure itself for any
     * other.
     */
    Exception explained(Exception failure) {
        // The cause may be wrapped: Javalin does so.
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BindException || cause instanceof UnresolvedAddressException) {
                return new AppStartException(notListening(cause), failure);
            }
        }
        if (!(failure instanceof IOException)) {
            return failure;
        }
        boolean tls = server.getContainedBeans(SslContextFactory.class).stream().anyMatch(LifeCycle::isFailed);
        return new AppStartException(
                "server '" + name + "' could not start: " + (tls ? "TLS: " : "") + Checks.text(failure), failure);
    }

    private String notListening(Throwable cause) {
        List<Connector> connectors = List.of(server.getConnectors());
        // Jetty opens all network connectors first, in their order; any other connector opens when it starts, and fails
        // then.
        String address = Stream.concat(
                        connectors.stream().filter(LifeCycle::isFailed),
                        connectors.stream()
                                .filter(each -> each instanceof NetworkConnector network && !network.isOpen()))
                .findFirst()
                .map(StartChecks::addressOf)
                .orElse("its address");
        String why = cause instanceof UnresolvedAddressException ? "unknown host" : String.valueOf(cause.getMessage());
        return "server '" + name + "' cannot listen on " + address + ": " + why
                + (cause instanceof BindException && why.contains("in use")
                        ? " (free the port, or choose another)"
                        : " (choose an address of this machine)");
    }

    private static String addressOf(Connector connector) {
        if (connector instanceof NetworkConnector network) {
            return (network.getHost() == null ? "0.0.0.0" : network.getHost()) + ":" + network.getPort();
        }
        // For a Unix domain socket this contains its path.
        return String.valueOf(connector);
    }

    void after() throws AppStartException {
        if (!server.isStarted()) {
            throw new AppStartException(
                    "server '" + name + "' is " + server.getState()
                            + " after its start (expected: STARTED; startedBy must start the same Server)",
                    null);
        }
        if (server.getConnectors().length == 0) {
            throw new AppStartException(
                    "server '" + name + "' has no connector, and would serve nobody (expected: at least one)", null);
        }
        if (server.getStopTimeout() > 0) {
            LOG.info(
                    "Server '{}': stopTimeout {} ms is set to 0 (the app waits for requests in flight, within its own limits)",
                    name,
                    server.getStopTimeout());
        }
        server.getDescendants(Handler.class).forEach(this::warnIfNotDrained);
    }

    private void warnIfNotDrained(Handler handler) {
        String what = NOT_DRAINED.get(handler.getClass().getName());
        if (what != null) {
            LOG.warn(
                    "Server '{}': {} of {} cannot be told to close; they are waited for, and cut at the drain's limit"
                            + " (end them in onDrain, or in webSocket(ws -> ws.beforeClose(...)))",
                    name,
                    what,
                    handler.getClass().getSimpleName());
        }
    }
}
