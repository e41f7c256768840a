package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoWriteException;
import com.mongodb.client.MongoCollection;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import io.lifecycle4j.sample.im.mongo.MessageDocuments;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.nio.file.Path;
import org.bson.Document;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class IndexKeysTest {
    private static final IndexKeys KEYS = new IndexKeys();

    @TempDir
    private Path folder;

    @Test
    void ordersByTheFirstValueThatDiffersAndShorterKeysFirst() {
        assertThat(KEYS.compare(new KeyValue("a", 2.0), new KeyValue("a", 10.0)))
                .isNegative();
        assertThat(KEYS.compare(new KeyValue("b", 1.0), new KeyValue("a", 2.0))).isPositive();
        assertThat(KEYS.compare(new KeyValue("a"), new KeyValue("a", 1.0))).isNegative();
        assertThat(KEYS.compare(new KeyValue("a", 1.0), new KeyValue("a", 1.0))).isZero();
    }

    @Test
    void aFolderFromBeforeKeepsItsMessagesAndStillRefusesDuplicates() throws Exception {
        MVStore store = MVStore.open(folder.resolve("im.mv").toString());
        MongoServer before = new MongoServer(new H2Backend(store));
        String address = "mongodb://127.0.0.1:" + before.bind().getPort() + "/im";
        try (MongoConnection connection = MongoConnection.open(address)) {
            for (int seq = 1; seq <= 100; seq++) {
                messages(connection).insertOne(message(seq, "cid" + seq));
            }
        }
        before.shutdownNow();
        for (int opening = 1; opening <= 2; opening++) {
            try (EmbeddedMongo embedded = EmbeddedMongo.open(folder);
                    MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
                Document found = messages(connection)
                        .find(new Document("user_id", "ann").append("client_msg_id", "cid42"))
                        .first();
                assertThat(found).isEqualTo(message(42, "cid42"));
                assertThatThrownBy(() -> messages(connection).insertOne(message(1_000, "cid42")))
                        .isInstanceOf(MongoWriteException.class);
                assertThatThrownBy(() -> messages(connection).insertOne(message(42, "another")))
                        .isInstanceOf(MongoWriteException.class);
                messages(connection).insertOne(message(100L + opening, "after" + opening));
                embedded.sync();
            }
        }
    }

    private static MongoCollection<Document> messages(MongoConnection connection) {
        return connection.database().getCollection(MessageDocuments.COLLECTION);
    }

    private static Document message(long seq, String clientId) {
        return new Document("_id", "lobby/" + seq)
                .append("room_id", "lobby")
                .append("seq", seq)
                .append("user_id", "ann")
                .append("client_msg_id", clientId);
    }
}
