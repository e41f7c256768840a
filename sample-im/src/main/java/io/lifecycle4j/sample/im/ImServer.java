package io.lifecycle4j.sample.im;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.cli.ImOptions;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import io.lifecycle4j.sample.im.http.ChatApi;
import io.lifecycle4j.sample.im.http.HttpServers;
import io.lifecycle4j.sample.im.http.ImStatus;
import io.lifecycle4j.sample.im.http.MetricsHandler;
import io.lifecycle4j.sample.im.http.StatusHandler;
import io.lifecycle4j.sample.im.http.WebPage;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.mongo.ChangeStream;
import io.lifecycle4j.sample.im.mongo.Durability;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import io.lifecycle4j.sample.im.mongo.MongoHeartbeat;
import io.lifecycle4j.sample.im.mongo.MongoMessageStore;
import io.lifecycle4j.sample.im.mongo.ReadReceipts;
import io.lifecycle4j.sample.im.mongo.Settings;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.websocket.ChatHub;
import io.lifecycle4j.sample.im.websocket.ChatUpgrade;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The wiring of the chat server. What is opened here is closed in the reverse order; {@link ImShutdown} tells what comes before. */
final class ImServer implements AppSetup {
    private static final Logger LOG = LoggerFactory.getLogger(ImServer.class);
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);
    private static final Duration STORE_LIMIT = Duration.ofSeconds(2);

    private final ImOptions options;
    private final Server business;
    private final Server admin;

    ImServer(ImOptions options) {
        this.options = options;
        this.business = HttpServers.listeningAt(options.serving.host, options.serving.port, "business");
        this.admin = HttpServers.listeningAt(options.serving.host, options.serving.adminPort, "admin");
    }

    @Override
    public void configure(AppBuilder app) throws Exception {
        ImShutdown.limits(app, options.stopping);
        boolean alone = options.serving.mongoUri.isEmpty();
        Durability durability = Durability.BY_WRITE_CONCERN;
        String uri = options.serving.mongoUri;
        if (alone) {
            EmbeddedMongo embedded = app.resource("embedded-mongo", EmbeddedMongo.open(options.dataFolder()));
            LOG.info("No --mongo-uri: an embedded server keeps the messages in the folder {}", options.serving.dataDir);
            durability = embedded::sync;
            uri = embedded.connectionString();
        }
        MongoConnection mongo = app.resource("mongo", MongoConnection.open(uri));
        MongoMessageStore store = MongoMessageStore.open(mongo, durability, !alone);
        app.resource("message-store", () -> store.finish(STORE_LIMIT));
        MongoHeartbeat heartbeat = app.resource("mongo-heartbeat", new MongoHeartbeat(mongo, HEARTBEAT));
        app.readiness("mongo", heartbeat::isHealthy);
        Duration demoDelay = Duration.ofMillis(options.demonstration.flushMillis);
        ReadReceipts receipts = app.resource("receipts", new ReadReceipts(mongo, durability, demoDelay));
        Settings settings = new Settings(mongo.database());
        Tokens tokens = new Tokens(settings.tokenKey(), Clock.systemUTC());
        String epoch = settings.epoch();
        durability.sync(); // or a kill now would take back what clients are about to be told

        ImMetrics metrics = new ImMetrics();
        RequestGate sends = app.gate("sends");
        Rooms rooms = new Rooms(store, Json::encodeMessage, metrics::delivered);
        ChatHub hub = app.resource(
                "chat", new ChatHub(store, rooms, receipts, tokens, sends, options.clients.limits(), metrics, epoch));
        if (!alone) { // other nodes may be at it, too
            app.task("change-stream", new ChangeStream(mongo, rooms)::follow);
        }

        app.server(JettyServer.of("admin", admin).drainPolicy(DrainPolicy.ALWAYS_OPEN));
        JettyServer businessServer = new ImShutdown(options.stopping, hub, store, receipts)
                .register(app, JettyServer.of("business", business));
        List<RequestGate> gates = List.of(businessServer.gates().get(0), sends);
        ImStatus status = new ImStatus(app.view(), gates, hub, store, receipts, heartbeat);
        status.register(metrics);
        admin.setHandler(new Handler.Sequence(
                new HealthHandler(app.view()), StatusHandler.forAdmin(status), new MetricsHandler(metrics)));
        WebSocketUpgradeHandler upgrades = ChatUpgrade.handler(business, hub, options.serving.origins);
        upgrades.setHandler(WebPage.handlers(
                options.demonstration.demo, StatusHandler.forPage(status), new ChatApi(store, tokens)));
        business.setHandler(upgrades);
        app.onStarted("say-where", view -> {
            LOG.info("Health: {}readyz", adminAddress());
            LOG.info("The chat is at {} - open it in two tabs", address());
        });
    }

    /** Where the chat is, once it has started. */
    URI address() {
        return business.getURI();
    }

    /** Where health, status and metrics are, once it has started. */
    URI adminAddress() {
        return admin.getURI();
    }
}
