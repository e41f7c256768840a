package io.lifecycle4j.jetty;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.component.ContainerLifeCycle;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;

/**
 * Stands in for a Jetty server when a shutdown is rehearsed. The server that it drains and stops is never started, since a start and a stop
 * of Jetty's write lines in the log; so the parts of Jetty that take most of a stop, and that write none, are started and stopped by
 * themselves.
 */
final class Understudy implements ManagedServer {
    private static final Duration LIMIT = Duration.ofSeconds(1);
    // Of the end of a listening socket and of the last response, which a rehearsal does not have.
    private static final List<Class<?>> MISSING =
            List.of(AsynchronousCloseException.class, NetworkConnector.Listener.class, Response.Wrapper.class);

    private final JettyServer rehearsed;
    private final ContainerLifeCycle parts = new ContainerLifeCycle();
    private final SelectorManager selectors;

    Understudy(String name) {
        String threads = name + "-rehearsal";
        Server server = new Server();
        server.addConnector(new ServerConnector(server, 0, 1));
        rehearsed = JettyServer.of(name, server);
        QueuedThreadPool pool = new QueuedThreadPool(200, 1);
        pool.setName(threads);
        pool.setDaemon(true);
        ScheduledExecutorScheduler scheduler = new ScheduledExecutorScheduler(threads, true);
        parts.addBean(pool);
        parts.addBean(scheduler);
        selectors = new SelectorManager(pool, scheduler, 1) {
            @Override
            protected EndPoint newEndPoint(SelectableChannel channel, ManagedSelector selector, SelectionKey key) {
                throw new UnsupportedOperationException("a rehearsal has no connections");
            }

            @Override
            public Connection newConnection(SelectableChannel channel, EndPoint endPoint, Object attachment) {
                throw new UnsupportedOperationException("a rehearsal has no connections");
            }
        };
        parts.addBean(selectors);
    }

    @Override
    public String name() {
        return rehearsed.name();
    }

    @Override
    public List<RequestGate> gates() {
        return rehearsed.gates();
    }

    @Override
    public void start(ServerContext context) throws Exception {
        for (Class<?> each : MISSING) {
            var unused = Class.forName(each.getName());
        }
        parts.start();
    }

    @Override
    public void announce(ShutdownContext context) {
        rehearsed.announce(context);
    }

    @Override
    public void drain(ShutdownContext context) throws Exception {
        rehearsed.drain(context);
    }

    @Override
    public void stop(ShutdownContext context) throws Exception {
        try {
            rehearsed.stop(context);
            OpenConnections.letCloseIdle(
                    selectors.getBeans(ManagedSelector.class), System.nanoTime() + LIMIT.toNanos());
        } finally {
            parts.stop();
        }
    }
}
