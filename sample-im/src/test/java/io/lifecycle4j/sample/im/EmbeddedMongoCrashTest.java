package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.MessageStore.Draft;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a crash leaves on the disk: the file as it is right after a sync. */
@Timeout(120)
final class EmbeddedMongoCrashTest {
    private static final int CRASHES = 12;

    @TempDir
    private Path folder;

    /** Read receipts and the first read of a room sync too, while messages are being inserted. */
    @Test
    void aSyncInTheMidstOfAnInsertLeavesNoMessageWithoutItsIndexEntries() throws Exception {
        List<Path> copies = new ArrayList<>();
        AtomicBoolean enough = new AtomicBoolean();
        ExecutorService inserter = Executors.newSingleThreadExecutor();
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder.resolve("data"));
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            MessageDocuments documents = new MessageDocuments(connection.database());
            Future<?> inserts = inserter.submit(() -> {
                for (int batch = 0; !enough.get(); batch++) {
                    documents.insert(batch(batch));
                }
            });
            Moments moments = new Moments(1);
            for (int crash = 0; crash < CRASHES; crash++) {
                moments.await(10, 30);
                embedded.sync();
                Path copy = Files.createDirectory(folder.resolve("copy" + crash));
                Files.copy(folder.resolve("data/im.mv"), copy.resolve("im.mv"));
                copies.add(copy);
            }
            enough.set(true);
            inserts.get(20, TimeUnit.SECONDS);
        } finally {
            inserter.shutdownNow();
        }
        for (Path copy : copies) {
            assertWhole(copy);
        }
    }

    private static List<ChatMessage> batch(int number) {
        return IntStream.rangeClosed(1, 50)
                .mapToObj(i -> {
                    long seq = number * 50L + i;
                    Draft draft = new Draft("room", "ann", "c" + seq, "text");
                    return new ChatMessage(
                            draft.room(),
                            seq,
                            MessageDocuments.id(draft.room(), seq),
                            draft.user(),
                            draft.clientId(),
                            draft.text(),
                            Instant.EPOCH);
                })
                .toList();
    }

    private static void assertWhole(Path copy) throws Exception {
        try (EmbeddedMongo embedded = EmbeddedMongo.open(copy);
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            MessageDocuments documents = new MessageDocuments(connection.database());
            long count = 0;
            for (Document found :
                    connection.database().getCollection("messages").find()) {
                count++;
                String clientId = found.getString("client_msg_id");
                assertThat(documents.sent("ann", clientId))
                        .as("by its client id, %s", clientId)
                        .isNotNull();
                assertThat(documents.read("room", found.getLong("seq"), found.getLong("seq")))
                        .as("by its id, %s", found.get("_id"))
                        .hasSize(1);
            }
            assertThat(documents.newestHead("room", 0)).isEqualTo(count);
        }
    }
}
