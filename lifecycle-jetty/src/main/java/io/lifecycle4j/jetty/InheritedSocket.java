package io.lifecycle4j.jetty;

import io.lifecycle4j.AppStartException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;

/**
 * The listening socket that the process has inherited as descriptor 0, given to one connector.
 *
 * <p>The channel is never closed: when Java closes an inherited channel, it points the descriptors 0, 1 and 2 at the null device, and whatever
 * the process prints afterwards is lost. The operating system closes the process's copy at its end. Jetty leaves the channel open if the
 * connector has no acceptor thread and its selector has released the channel before it stops.
 */
final class InheritedSocket {
    // One socket for each process, so the name of the server that has taken it is static.
    private static final AtomicReference<@Nullable String> TAKEN = new AtomicReference<>();
    private static final int PROBE_MILLIS = 200;
    private static final Duration LOOK_AGAIN = Duration.ofMillis(1);

    private final ServerConnector connector;
    private final ServerSocketChannel channel;

    private InheritedSocket(ServerConnector connector, ServerSocketChannel channel) {
        this.connector = connector;
        this.channel = channel;
    }

    /** Returns whether the process has inherited a channel, of whatever kind; one that cannot be looked at is refused at the start. */
    static boolean isThere() {
        try {
            return System.inheritedChannel() != null;
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Has a server's connector take the inherited socket when it starts; returns null if the process has inherited none.
     *
     * @throws AppStartException if what was inherited cannot serve, or the server cannot take it
     */
    static @Nullable InheritedSocket take(String name, Server server) throws AppStartException {
        ServerConnector connector = connectorOf(name, server);
        Channel inherited;
        try {
            inherited = System.inheritedChannel();
        } catch (IOException e) {
            throw new AppStartException("server '" + name + "': the inherited descriptor 0: " + e.getMessage(), e);
        }
        if (inherited == null) {
            return null;
        }
        String other = TAKEN.compareAndExchange(null, name);
        if (other != null) {
            throw wrong(
                    name,
                    "the inherited socket is taken by server '" + other + "' (expected: one server with"
                            + " inheritedSocket() in each process)");
        }
        if (!(inherited instanceof ServerSocketChannel channel)) {
            throw wrong(
                    name,
                    "the inherited descriptor 0 is no listening socket: " + inherited
                            + " (expected: a listening TCP socket, or none)");
        }
        check(name, connector, channel);
        connector.setInheritChannel(true);
        return new InheritedSocket(connector, channel);
    }

    private static ServerConnector connectorOf(String name, Server server) throws AppStartException {
        Connector[] connectors = server.getConnectors();
        if (connectors.length != 1 || !(connectors[0] instanceof ServerConnector connector)) {
            throw wrong(
                    name,
                    "it has " + connectors.length + " connectors (expected: one ServerConnector, for the one"
                            + " socket that a process inherits)");
        }
        if (connector.getAcceptors() > 0) {
            throw wrong(
                    name,
                    "its connector has acceptor threads: " + connector.getAcceptors()
                            + " (expected: 0; new ServerConnector(server, null, null, null, 0, -1, factories...))");
        }
        return connector;
    }

    private static void check(String name, ServerConnector connector, ServerSocketChannel channel)
            throws AppStartException {
        SocketAddress address;
        try {
            address = channel.getLocalAddress();
        } catch (IOException e) {
            throw new AppStartException("server '" + name + "': the inherited socket: " + e.getMessage(), e);
        }
        if (!(address instanceof InetSocketAddress inet) || inet.getPort() == 0) {
            throw wrong(name, "the inherited socket is bound to " + address + " (expected: a TCP port)");
        }
        if (connector.getPort() != 0 && connector.getPort() != inet.getPort()) {
            throw wrong(
                    name,
                    "the inherited socket is bound to port " + inet.getPort() + " (expected: " + connector.getPort()
                            + ", the port of its connector)");
        }
        if (!isListening(inet)) {
            throw wrong(
                    name,
                    "the inherited socket does not listen at port " + inet.getPort()
                            + " (expected: a listening TCP socket)");
        }
    }

    // Java cannot ask a socket whether it listens. A connection that is opened and closed shows it; if the queue is
    // full, none is opened,
    // and the socket listens.
    private static boolean isListening(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        try (Socket probe = new Socket()) {
            probe.connect(
                    new InetSocketAddress(
                            host.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : host, address.getPort()),
                    PROBE_MILLIS);
            return true;
        } catch (ConnectException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static AppStartException wrong(String name, String what) {
        return new AppStartException("server '" + name + "': " + what, null);
    }

    /** Leaves newcomers in the queue from now on; they are for the next process. Those that Jetty has accepted are served. */
    void stopAccepting() {
        connector.setAccepting(false);
    }

    /** Waits until Jetty's selector has released the socket, at most until the given time; it does so within a moment. */
    void awaitReleased(long until) throws InterruptedException {
        while (channel.isRegistered() && System.nanoTime() < until) {
            TimeUnit.NANOSECONDS.sleep(LOOK_AGAIN.toNanos());
        }
    }
}
