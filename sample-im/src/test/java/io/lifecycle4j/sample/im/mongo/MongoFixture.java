package io.lifecycle4j.sample.im.mongo;

import com.mongodb.client.MongoCollection;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.jspecify.annotations.Nullable;

/** A database, the driver's client of it, and a store: what a running server has. */
public final class MongoFixture implements AutoCloseable {
    public static final Duration LONG = Duration.ofSeconds(30);

    public final TestMongo database;
    public final MongoConnection connection;
    public final MongoMessageStore store;

    public MongoFixture(Path folder) throws AppStartException {
        this(folder, null);
    }

    /** Reaches the database through a proxy if one is given, and then gives an operation 2 s. */
    public MongoFixture(Path folder, @Nullable FreezableProxy proxy) throws AppStartException {
        database = TestMongo.open(folder);
        connection = MongoConnection.open(proxy == null ? database.uri("") : database.uri(proxy, "timeoutMS=2000"));
        store = new MongoMessageStore(connection, database.durability(), false);
    }

    public MongoCollection<Document> collection(String name) {
        return connection.database().getCollection(name);
    }

    public CompletionStage<Stored> send(String room, String user, String clientId) {
        return store.append(new Draft(room, user, clientId, "text of " + clientId));
    }

    public Stored stored(String room, String user, String clientId) throws Exception {
        return await(send(room, user, clientId));
    }

    public static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        try {
            if (!store.finish(LONG)) {
                throw new AssertionError("the store did not finish");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        connection.close();
        database.close();
    }
}
