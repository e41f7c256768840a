package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.sample.im.chat.Tokens;
import java.time.Clock;
import java.time.Duration;

/**
 * All that the chat keeps in MongoDB.
 *
 * @param epoch the name of the messages' history; a sequence means nothing in another history
 * @param isShared whether other processes store messages, too
 */
public record MongoStorage(
        MongoConnection connection,
        MongoMessageStore messages,
        ReadReceipts receipts,
        MongoHeartbeat heartbeat,
        Tokens tokens,
        String epoch,
        boolean isShared) {
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);
    private static final Duration STORE_LIMIT = Duration.ofSeconds(2);

    /**
     * Opens it. The app closes it in the reverse order, and is ready while the database answers.
     *
     * @param shared whether other processes store messages, too
     * @param flushDelay makes each flush of the receipts take longer, to be watched
     */
    public static MongoStorage open(
            AppBuilder app, String uri, Durability durability, boolean shared, Duration flushDelay) throws Exception {
        MongoConnection connection = app.resource("mongo", MongoConnection.open(uri));
        MongoMessageStore messages = new MongoMessageStore(connection, durability, shared);
        app.resource("message-store", () -> messages.finish(STORE_LIMIT));
        MongoHeartbeat heartbeat = app.resource("mongo-heartbeat", new MongoHeartbeat(connection, HEARTBEAT));
        app.readiness("mongo", heartbeat::isHealthy);
        ReadReceipts receipts = app.resource("receipts", new ReadReceipts(connection, durability, flushDelay));
        Settings settings = new Settings(connection.database());
        Tokens tokens = new Tokens(settings.tokenKey(), Clock.systemUTC());
        String epoch = settings.epoch();
        durability.sync(); // or a kill now would take back what clients are about to be told
        return new MongoStorage(connection, messages, receipts, heartbeat, tokens, epoch, shared);
    }
}
