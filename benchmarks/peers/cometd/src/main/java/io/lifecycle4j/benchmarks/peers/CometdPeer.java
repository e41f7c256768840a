package io.lifecycle4j.benchmarks.peers;

import org.cometd.server.AbstractServerTransport;
import org.cometd.server.BayeuxServerImpl;
import org.cometd.server.JacksonJSONContextServer;
import org.cometd.server.websocket.jetty.JettyWebSocketTransport;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/**
 * CometD's broadcast channels over WebSocket, set as its own load server is: Jackson for the JSON, 256 threads for Jetty and as
 * many for CometD, a selector for each core, a timeout of
 * /meta/connect that outlives the run. Its statistics and acknowledgements are left out.
 */
public final class CometdPeer {
    private static final int THREADS = 256;
    private static final int BACKLOG = 2_048;
    private static final long CONNECT_MILLIS = 300_000;
    private static final long INTERVAL_MILLIS = 50_000;

    private CometdPeer() {}

    public static void main(String[] arguments) throws Exception {
        Server server = new Server(new QueuedThreadPool(THREADS));
        int selectors = Runtime.getRuntime().availableProcessors();
        ServerConnector connector = new ServerConnector(server, 1, selectors);
        connector.setHost("127.0.0.1");
        connector.setAcceptQueueSize(BACKLOG);
        connector.setIdleTimeout(CONNECT_MILLIS + INTERVAL_MILLIS);
        server.addConnector(connector);
        ContextHandler context = new ContextHandler("/");
        server.setHandler(context);
        context.setHandler(new WebSocketUpgradeHandler(ServerWebSocketContainer.ensure(server, context)));
        server.addBean(bayeux(context.getContext()));
        server.start();
        System.out.println("listening " + connector.getLocalPort());
    }

    private static BayeuxServerImpl bayeux(Context context) {
        QueuedThreadPool threads = new QueuedThreadPool(THREADS);
        threads.setReservedThreads(0);
        BayeuxServerImpl bayeux = new BayeuxServerImpl();
        bayeux.addBean(threads);
        bayeux.setExecutor(threads);
        bayeux.setOption(Context.class.getName(), context);
        bayeux.setOption("ws.cometdURLMapping", "/cometd/*");
        bayeux.setOption(AbstractServerTransport.TIMEOUT_OPTION, CONNECT_MILLIS);
        bayeux.setOption(AbstractServerTransport.MAX_INTERVAL_OPTION, INTERVAL_MILLIS);
        bayeux.setOption(AbstractServerTransport.JSON_CONTEXT_OPTION, JacksonJSONContextServer.class.getName());
        bayeux.addTransport(new JettyWebSocketTransport(bayeux));
        bayeux.setAllowedTransports("websocket");
        return bayeux;
    }
}
