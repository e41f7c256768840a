package io.lifecycle4j.sample.im;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chat server, and the whole story of its shutdown:
 *
 * <ol>
 *   <li>ANNOUNCE: {@code /readyz} turns red; everything is still served for {@code --announce-delay}.
 *   <li>DRAIN: new requests get 503, new messages a {@code nack draining}. Clients are told {@code going_away}; messages that
 *       were accepted are stored and acknowledged; then the sessions are closed, with 1012 and at a pace.
 *   <li>STOP: the servers <em>business</em> and <em>admin</em>.
 *   <li>CALLBACKS: read receipts, which were written behind, are flushed.
 *   <li>RELEASE: heartbeat, MongoDB's client and, at last, the embedded server.
 * </ol>
 */
final class ImServer implements AppSetup {
    private static final Logger LOG = LoggerFactory.getLogger(ImServer.class);
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);
    private static final Duration STORE_LIMIT = Duration.ofSeconds(2);
    private static final int RESTART = 1012; // the clients are to come back, here or at another node

    private final ImOptions options;

    ImServer(ImOptions options) {
        this.options = options;
    }

    @Override
    public void configure(AppBuilder app) throws Exception {
        app.shutdownTimeout(options.shutdownTimeout)
                .announceDelay(options.announceDelay)
                .drainTimeout(options.drainTimeout)
                .callbackTimeout(options.callbackTimeout);

        MongoConnection mongo;
        MessageStore store;
        Durability durability;
        if (options.mongoUri.isEmpty()) {
            EmbeddedMongo embedded = app.resource("embedded-mongo", EmbeddedMongo.open(options.dataDir));
            LOG.info("No --mongo-uri: an embedded server keeps the messages in the folder {}", options.dataDir);
            durability = embedded::sync;
            mongo = app.resource("mongo", MongoConnection.open(embedded.connectionString()));
            store = MongoMessageStore.alone(mongo, durability);
        } else {
            durability = Durability.BY_WRITE_CONCERN;
            mongo = app.resource("mongo", MongoConnection.open(options.mongoUri));
            store = MongoMessageStore.shared(mongo, durability);
        }
        app.resource("message-store", () -> store.finish(STORE_LIMIT));
        MongoHeartbeat heartbeat = app.resource("mongo-heartbeat", new MongoHeartbeat(mongo, HEARTBEAT));
        app.readiness("mongo", heartbeat::isHealthy);
        ReadReceipts receipts = app.resource(
                "receipts", new ReadReceipts(mongo, durability, Duration.ofMillis(options.demoFlushMillis)));
        RequestGate sends = app.gate("sends");
        Tokens tokens = new Tokens(mongo.database());
        ChatHub hub = app.resource("chat", new ChatHub(store, receipts, tokens, sends));

        Server adminServer = listeningAt(options.adminPort, "admin");
        adminServer.setHandler(new HealthHandler(app.view()));
        app.server(JettyServer.of("admin", adminServer).alwaysOpen());

        Server server = listeningAt(options.port, "business");
        JettyServer business = app.server(JettyServer.of("business", server)
                .exempt(StatusHandler::isStatus)
                .closeCode(RESTART, "restart")
                .beforeClose(context -> {
                    hub.goingAway(context.remaining());
                    store.finish(context.remaining().dividedBy(2)); // its stages acknowledge
                }));
        List<RequestGate> gates = List.of(business.gates().get(0), sends);
        server.setHandler(handlers(server, new StatusHandler(app.view(), gates, hub), new ChatApi(store, tokens), hub));
        server.addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStarted(LifeCycle event) {
                LOG.info("Health: {}readyz", adminServer.getURI());
                LOG.info("The chat is at {} - open it in two tabs", server.getURI());
            }
        });

        app.onShutdown("flush-receipts", context -> receipts.flush(context.remaining()));
    }

    private Handler handlers(Server server, StatusHandler status, ChatApi api, ChatHub hub) {
        Handler.Sequence handlers = options.demo
                ? new Handler.Sequence(status, api, new SlowHandler(), new WebPage())
                : new Handler.Sequence(status, api, new WebPage());
        WebSocketUpgradeHandler upgrades =
                WebSocketUpgradeHandler.from(server, container -> container.addMapping("/ws", new SameOrigin(hub)));
        upgrades.setHandler(handlers);
        return upgrades;
    }

    private Server listeningAt(int port, String name) {
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName(name);
        Server server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost(options.host);
        connector.setPort(port);
        server.addConnector(connector);
        return server;
    }
}
