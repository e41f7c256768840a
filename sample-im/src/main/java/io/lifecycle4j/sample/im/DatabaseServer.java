package io.lifecycle4j.sample.im;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppSetup;
import io.lifecycle4j.sample.im.cli.ImOptions;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The embedded database as a process of its own ({@code --database-only}), for nodes that are restarted in turn. */
final class DatabaseServer implements AppSetup {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseServer.class);

    private final ImOptions options;

    DatabaseServer(ImOptions options) {
        this.options = options;
    }

    @Override
    public void configure(AppBuilder app) throws Exception {
        EmbeddedMongo embedded = EmbeddedMongo.open(options.dataFolder(), options.serving.databaseOnly)
                .forSeveralNodes();
        app.resource("embedded-mongo", embedded);
        app.onStarted("say-where", view -> LOG.info("Start nodes with --mongo-uri {}", embedded.connectionString()));
    }
}
