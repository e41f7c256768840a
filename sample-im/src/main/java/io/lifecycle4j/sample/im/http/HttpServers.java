package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import java.time.Duration;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Jetty's servers as the chat wants them. */
public final class HttpServers {
    // Clients come back in crowds. Java's own 50 leaves the others to their system's repeats, up to two minutes later.
    private static final int ACCEPT_QUEUE = 1_024;
    private static final int BYTES_PER_SECOND = 1_000;

    private HttpServers() {}

    /** A server of this name, with one connector. */
    public static Server listeningAt(String host, int port, String name) {
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName(name);
        Server server = new Server(threads);
        server.setErrorHandler(new Problems());
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        // Without acceptor threads, so that it can take an inherited socket.
        ServerConnector connector =
                new ServerConnector(server, null, null, null, 0, -1, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setPort(port);
        connector.setAcceptQueueSize(ACCEPT_QUEUE);
        server.addConnector(connector);
        return server;
    }

    /** The server as the app manages it: a client that sends slowly is cut. */
    public static JettyServer managed(Server server, Duration requestLimit) {
        return JettyServer.of(threads(server).getName(), server).requestTimeout(requestLimit, BYTES_PER_SECOND);
    }

    /** Shows how many threads are free, less the jobs that wait for one; without a free one the app is not ready. */
    public static void watchThreads(Server server, AppBuilder app, ImMetrics metrics) {
        QueuedThreadPool threads = threads(server);
        app.readiness("threads", () -> !threads.isLowOnThreads());
        metrics.gauge(
                "im_threads_free",
                "Threads that can serve; below zero so many jobs wait for one.",
                () -> threads.getMaxThreads()
                        - threads.getThreads()
                        + threads.getIdleThreads()
                        - threads.getQueueSize());
    }

    private static QueuedThreadPool threads(Server server) {
        return (QueuedThreadPool) server.getThreadPool();
    }
}
