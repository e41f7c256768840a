package io.lifecycle4j.sample.im.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import io.lifecycle4j.AppView;
import io.lifecycle4j.sample.im.chat.Rooms;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the rooms that other nodes have stored something. What this node stored itself comes by here, too, and is no news.
 *
 * <p>The stream only says how far a room has got; what was said is read from the collection, in the order of the sequence: the
 * embedded server's stream also contains what it refused to store. A stream that was lost does no harm: it is opened where it
 * broke off, or at the present if the server no longer knows that place, and then every room reads on from where it is.
 */
public final class ChangeStream {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeStream.class);
    private static final Duration PATIENCE = Duration.ofMillis(500);
    /** For one call, and for the closing after it: a frozen database must not hold up the task's end, which has 5 s. */
    private static final Duration CALL_LIMIT = Duration.ofSeconds(2);

    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration IDLE =
            Duration.ofMillis(20); // the embedded server answers at once that there is nothing
    private static final int ONLY_ON_REPLICA_SETS = 40_573;

    private final MongoConnection connection;
    private final Rooms rooms;
    private @Nullable BsonDocument place; // the task's thread only, as is the next one
    private boolean lost;

    public ChangeStream(MongoConnection connection, Rooms rooms) {
        this.connection = connection;
        this.rooms = rooms;
    }

    /** Follows until it is interrupted, whatever becomes of the database. */
    public void follow(AppView app) throws InterruptedException {
        while (!Thread.currentThread().isInterrupted()) {
            try (MongoChangeStreamCursor<ChangeStreamDocument<Document>> changes = open()) {
                rooms.catchUp(); // what was stored before this instant
                found();
                read(changes);
            } catch (RuntimeException e) { // the driver's and the store's
                if (e instanceof MongoCommandException refusal && refusal.getErrorCode() == ONLY_ON_REPLICA_SETS) {
                    LOG.warn(
                            "MongoDB at {} is no replica set: messages of other nodes are not seen; run one node, or a"
                                    + " replica set",
                            connection.address());
                    return;
                }
                if (!Thread.currentThread().isInterrupted()) {
                    lost(e);
                    TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
                }
            }
        }
    }

    private MongoChangeStreamCursor<ChangeStreamDocument<Document>> open() {
        MongoCollection<Document> messages = connection
                .database()
                .getCollection(MessageDocuments.COLLECTION)
                .withTimeout(CALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        var stream = messages.watch(List.of(Aggregates.match(Filters.eq("operationType", "insert"))))
                .maxAwaitTime(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        BsonDocument from = place;
        place = null; // one that is refused is not tried again
        return (from == null ? stream : stream.resumeAfter(from)).cursor();
    }

    private void read(MongoChangeStreamCursor<ChangeStreamDocument<Document>> changes) throws InterruptedException {
        Map<String, Long> news = new HashMap<>();
        while (!Thread.currentThread().isInterrupted()) {
            ChangeStreamDocument<Document> change = changes.tryNext();
            if (change == null) {
                TimeUnit.NANOSECONDS.sleep(IDLE.toNanos());
                continue;
            }
            Document message = change.getFullDocument();
            if (message != null) {
                news.merge(message.getString("room_id"), message.getLong("seq"), Math::max);
            }
            if (changes.available() == 0) {
                rooms.heardOf(news);
                news.clear();
                place = changes.getResumeToken();
            }
        }
    }

    private void found() {
        if (lost) {
            lost = false;
            LOG.info("Messages of other nodes are seen again");
        }
    }

    private void lost(RuntimeException failure) {
        if (!lost) {
            lost = true;
            LOG.warn(
                    "Messages of other nodes are not seen until MongoDB at {} has a change stream again ({})",
                    connection.address(),
                    failure.getClass().getSimpleName());
        }
    }
}
