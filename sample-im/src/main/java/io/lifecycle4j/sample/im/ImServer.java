package io.lifecycle4j.sample.im;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.sample.im.Protocol.CloseCode;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chat server, and the whole story of its shutdown:
 *
 * <ol>
 *   <li>ANNOUNCE: {@code /readyz} turns red; everything is still served for {@code --announce-delay}.
 *   <li>DRAIN: new requests get 503 (on an inherited socket, newcomers wait for the next process instead), new messages a {@code nack draining}. Clients are told {@code going_away}, each with a
 *       time of its own to come back; messages that were accepted are stored and acknowledged; what is queued for the
 *       clients is written; then the sessions are closed, with 1012 (or 1001) and at a pace.
 *   <li>STOP: the servers <em>business</em> and <em>admin</em>.
 *   <li>CALLBACKS: read receipts, which were written behind, are flushed.
 *   <li>RELEASE: sessions' threads, heartbeat, MongoDB's client and, at last, the embedded server.
 * </ol>
 *
 * Each step has a limit, so that whatever hangs costs the others nothing: {@code --drain-timeout}, {@code --callback-timeout},
 * and {@code --shutdown-timeout} for all of it.
 */
final class ImServer implements AppSetup {
    private static final Logger LOG = LoggerFactory.getLogger(ImServer.class);
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);
    private static final Duration STORE_LIMIT = Duration.ofSeconds(2);
    // Clients come back in crowds. Java's own 50 leaves the others to their system's repeats, up to two minutes later.
    private static final int ACCEPT_QUEUE = 1_024;

    private final ImOptions options;
    private final Server business;
    private final Server admin;

    ImServer(ImOptions options) {
        this.options = options;
        this.business = listeningAt(options.serving.port, "business");
        this.admin = listeningAt(options.serving.adminPort, "admin");
    }

    @Override
    public void configure(AppBuilder app) throws Exception {
        app.limitsFromEnvironment() // for those without a flag, such as LIFECYCLE4J_START_TIMEOUT
                .shutdownTimeout(options.stopping.shutdownTimeout)
                .announceDelay(options.stopping.announceDelay)
                .drainTimeout(options.stopping.drainTimeout)
                .callbackTimeout(options.stopping.callbackTimeout);

        MongoConnection mongo;
        MongoMessageStore store;
        Durability durability;
        if (options.serving.mongoUri.isEmpty()) {
            EmbeddedMongo embedded = app.resource("embedded-mongo", EmbeddedMongo.open(options.dataFolder()));
            LOG.info("No --mongo-uri: an embedded server keeps the messages in the folder {}", options.serving.dataDir);
            durability = embedded::sync;
            mongo = app.resource("mongo", MongoConnection.open(embedded.connectionString()));
            store = MongoMessageStore.alone(mongo, durability);
        } else {
            durability = Durability.BY_WRITE_CONCERN;
            mongo = app.resource("mongo", MongoConnection.open(options.serving.mongoUri));
            store = MongoMessageStore.shared(mongo, durability);
        }
        app.resource("message-store", () -> store.finish(STORE_LIMIT));
        MongoHeartbeat heartbeat = app.resource("mongo-heartbeat", new MongoHeartbeat(mongo, HEARTBEAT));
        app.readiness("mongo", heartbeat::isHealthy);
        ReadReceipts receipts = app.resource(
                "receipts", new ReadReceipts(mongo, durability, Duration.ofMillis(options.demonstration.flushMillis)));
        RequestGate sends = app.gate("sends");
        Settings settings = new Settings(mongo.database());
        Tokens tokens = new Tokens(settings.tokenKey(), Clock.systemUTC());
        String epoch = settings.epoch();
        durability.sync(); // or a kill now would take back what clients are about to be told
        ImMetrics metrics = new ImMetrics();
        ChatHub hub = app.resource(
                "chat", new ChatHub(store, receipts, tokens, sends, options.clients.limits(), metrics, epoch));

        if (!options.serving.mongoUri.isEmpty()) { // other nodes may be at it, too
            app.task("change-stream", new ChangeStream(mongo, hub)::follow);
        }
        app.server(JettyServer.of("admin", admin).drainPolicy(DrainPolicy.ALWAYS_OPEN));

        String leaving = options.stopping.leaving.name().toLowerCase(Locale.ROOT);
        boolean handedOver = System.inheritedChannel() != null;
        JettyServer businessServer = app.server(JettyServer.of("business", business)
                .inheritedSocket()
                .drainPolicy(DrainPolicy.STOP_ACCEPTING)
                .exempt(StatusHandler::isPageStatus)
                .webSocket(ws -> ws.closeCode(closeCode().number(), leaving).beforeClose(context -> {
                    hub.goingAway(leaving, handedOver, context.remaining());
                    store.finish(context.remaining().dividedBy(2)); // its stages acknowledge
                    hub.handOver(); // Jetty writes all that, then the close frames
                })));
        List<RequestGate> gates = List.of(businessServer.gates().get(0), sends);
        ImStatus status = new ImStatus(app.view(), gates, hub, store, receipts, heartbeat);
        status.register(metrics);
        admin.setHandler(new Handler.Sequence(
                new HealthHandler(app.view()), StatusHandler.forAdmin(status), new MetricsHandler(metrics)));
        business.setHandler(handlers(StatusHandler.forPage(status), new ChatApi(store, tokens), hub));
        app.onStarted("say-where", view -> {
            LOG.info("Health: {}readyz", adminAddress());
            LOG.info("The chat is at {} - open it in two tabs", address());
        });
        app.onShutdown("flush-receipts", context -> receipts.flush(context.remaining()));
    }

    /** Where the chat is, once it has started. */
    URI address() {
        return business.getURI();
    }

    /** Where health, status and metrics are, once it has started. */
    URI adminAddress() {
        return admin.getURI();
    }

    private CloseCode closeCode() {
        return switch (options.stopping.leaving) {
            case RESTART -> CloseCode.RESTART; // the clients are to come back, here or at another node
            case SHUTDOWN -> CloseCode.SHUTDOWN;
        };
    }

    private Handler handlers(StatusHandler status, ChatApi api, ChatHub hub) {
        Handler.Sequence handlers = options.demonstration.demo
                ? new Handler.Sequence(status, api, new SlowHandler(), new WebPage())
                : new Handler.Sequence(status, api, new WebPage());
        WebSocketUpgradeHandler upgrades = WebSocketUpgradeHandler.from(
                business, container -> ChatUpgrade.add(container, hub, options.serving.origins));
        upgrades.setHandler(handlers);
        return upgrades;
    }

    private Server listeningAt(int port, String name) {
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName(name);
        Server server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        // Without acceptor threads, so that it can take an inherited socket.
        ServerConnector connector =
                new ServerConnector(server, null, null, null, 0, -1, new HttpConnectionFactory(http));
        connector.setHost(options.serving.host);
        connector.setPort(port);
        connector.setAcceptQueueSize(ACCEPT_QUEUE);
        server.addConnector(connector);
        return server;
    }
}
