package io.lifecycle4j.sample.im.http;

import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Jetty's servers as the chat wants them. */
public final class HttpServers {
    // Clients come back in crowds. Java's own 50 leaves the others to their system's repeats, up to two minutes later.
    private static final int ACCEPT_QUEUE = 1_024;

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
}
