package io.lifecycle4j.sample.im;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.cli.ImOptions;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import io.lifecycle4j.sample.im.http.ChatApi;
import io.lifecycle4j.sample.im.http.GetHandler;
import io.lifecycle4j.sample.im.http.HttpServers;
import io.lifecycle4j.sample.im.http.ImStatus;
import io.lifecycle4j.sample.im.http.KnownHosts;
import io.lifecycle4j.sample.im.http.WebPage;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.mongo.ChangeStream;
import io.lifecycle4j.sample.im.mongo.Durability;
import io.lifecycle4j.sample.im.mongo.MongoStorage;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.websocket.ChatSessions;
import io.lifecycle4j.sample.im.websocket.ChatUpgrade;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The wiring of the chat. What is opened here is closed in the reverse order; {@link ImShutdown} tells what comes before. */
final class ImServer implements AppSetup {
    private static final Logger LOG = LoggerFactory.getLogger(ImServer.class);

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
        MongoStorage storage = open(app);
        ImMetrics metrics = new ImMetrics();
        RequestGate sends = app.gate("sends");
        Rooms rooms = new Rooms(storage.messages(), storage.receipts(), Json::encodeMessage, metrics::delivered);
        ChatSessions sessions = app.resource("chat", new ChatSessions(storage, rooms, sends, options.clients, metrics));
        if (storage.isShared()) {
            app.task("change-stream", new ChangeStream(storage.connection(), rooms)::follow);
        }
        app.server(HttpServers.managed(admin, options.clients.requestLimit).drainPolicy(DrainPolicy.ALWAYS_OPEN));
        JettyServer businessServer = new ImShutdown(options, sessions, storage.messages(), storage.receipts())
                .register(app, HttpServers.managed(business, options.clients.requestLimit));
        HttpServers.watchThreads(business, app, metrics);
        ImStatus status =
                new ImStatus(app.view(), List.of(businessServer.gates().get(0), sends), sessions, rooms, storage);
        status.register(metrics);
        admin.setHandler(new Handler.Sequence(
                new HealthHandler(app.view()),
                new GetHandler("/status", Json.TYPE, () -> Json.encode(status.full())),
                new GetHandler("/metrics", ImMetrics.TYPE, metrics::text)));
        WebSocketUpgradeHandler upgrades = ChatUpgrade.handler(business, sessions, options.serving.origins);
        GetHandler pageStatus = new GetHandler(ChatApi.STATUS, Json.TYPE, () -> Json.encode(status.brief()));
        Handler api = new ChatApi(rooms, storage.tokens(), pageStatus).openTo(options.serving.origins);
        upgrades.setHandler(WebPage.handlers(options.demonstration.demo, api));
        business.setHandler(new KnownHosts(options.serving.names(), upgrades));
        app.onStarted("say-where", view -> {
            LOG.info("Health: {}readyz", adminAddress());
            LOG.info("The chat is at {} - open it in two tabs", address());
        });
    }

    private MongoStorage open(AppBuilder app) throws Exception {
        Duration flushDelay = Duration.ofMillis(options.demonstration.flushMillis);
        if (!options.serving.mongoUri.isEmpty()) {
            return MongoStorage.open(app, options.serving.mongoUri, Durability.BY_WRITE_CONCERN, true, flushDelay);
        }
        EmbeddedMongo embedded = app.resource("embedded-mongo", EmbeddedMongo.open(options.dataFolder()));
        LOG.info("No --mongo-uri: an embedded server keeps the messages in the folder {}", options.serving.dataDir);
        return MongoStorage.open(app, embedded.connectionString(), embedded::sync, false, flushDelay);
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
