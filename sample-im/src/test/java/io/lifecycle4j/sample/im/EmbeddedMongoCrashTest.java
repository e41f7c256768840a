package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.UpdateOptions;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import io.lifecycle4j.sample.im.mongo.MessageDocuments;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.io.IOException;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a crash leaves on the disk: copies of the folder, taken between two commands while the embedded server runs. */
@Timeout(120)
final class EmbeddedMongoCrashTest {
    private static final int CRASHES = 8;
    private static final int BATCHES_BETWEEN = 12; // of each writer: a few commits
    private static final int BATCH = 20;
    private static final String TEXT = "text ".repeat(400);

    /** One who writes to a room of its own, and counts what it has written, here and in the database. */
    private record Writer(String room, AtomicInteger batches) {}

    private record Crash(Path folder, List<Integer> batches) {}

    @TempDir
    private Path folder;

    private final List<Writer> writers =
            List.of(new Writer("red", new AtomicInteger()), new Writer("blue", new AtomicInteger()));
    private final ReadWriteLock betweenCommands = new ReentrantReadWriteLock(true); // writers share it
    private final AtomicBoolean enough = new AtomicBoolean();

    @Test
    void afterACrashEachCommandWasDoneOnceAndWhole() throws Exception {
        List<Crash> crashes = new ArrayList<>();
        ExecutorService threads = Executors.newCachedThreadPool();
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder.resolve("data"));
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            List<Future<?>> writing = new ArrayList<>();
            for (Writer writer : writers) {
                writing.add(threads.submit(() -> write(connection.database(), writer)));
            }
            for (int crash = 0; crash < CRASHES; crash++) {
                int until = (crash + 1) * BATCHES_BETWEEN;
                while (!enough.get() && batches().stream().anyMatch(count -> count < until)) {
                    embedded.sync();
                }
                betweenCommands.writeLock().lock();
                try {
                    crashes.add(new Crash(copy(folder.resolve("data"), folder.resolve("copy" + crash)), batches()));
                } finally {
                    betweenCommands.writeLock().unlock();
                }
            }
            enough.set(true);
            for (Future<?> written : writing) {
                written.get(20, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        ExecutorService two = Executors.newFixedThreadPool(2); // each copy has a server of its own
        try {
            List<Future<?>> looks = new ArrayList<>();
            for (Crash crash : crashes) {
                looks.add(two.submit(() -> {
                    assertWhole(crash);
                    assertWhole(crash); // nothing is done again by the next start
                    return null;
                }));
            }
            for (Future<?> look : looks) {
                look.get();
            }
        } finally {
            two.shutdownNow();
        }
    }

    private List<Integer> batches() {
        return writers.stream().map(writer -> writer.batches().get()).toList();
    }

    /** The mark first: it may be behind the journal, and not ahead of it. */
    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        for (String file : List.of("im.acknowledged", "im.journal")) {
            Files.copy(from.resolve(file), to.resolve(file));
        }
        return to;
    }

    private void write(MongoDatabase database, Writer writer) {
        MessageDocuments documents = new MessageDocuments(database);
        MongoCollection<Document> counters = database.getCollection("counters");
        try {
            while (!enough.get()) {
                betweenCommands.readLock().lock();
                try {
                    int batch = writer.batches().get();
                    documents.insert(batch(writer.room(), batch));
                    Document count = new Document("$inc", new Document("batches", 1))
                            .append("$set", new Document("batch " + batch, "more"));
                    counters.updateOne(new Document("_id", writer.room()), count, new UpdateOptions().upsert(true));
                    writer.batches().set(batch + 1);
                } finally {
                    betweenCommands.readLock().unlock();
                }
            }
        } finally {
            enough.set(true);
        }
    }

    private static List<ChatMessage> batch(String room, int number) {
        return IntStream.rangeClosed(1, BATCH)
                .mapToObj(i -> {
                    long seq = number * (long) BATCH + i;
                    Draft draft = new Draft(room, "ann", room + seq, TEXT);
                    return new ChatMessage(room, seq, draft.user(), draft.clientId(), draft.text(), Instant.EPOCH);
                })
                .toList();
    }

    private void assertWhole(Crash crash) throws Exception {
        try (EmbeddedMongo embedded = EmbeddedMongo.open(crash.folder());
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
                assertThat(documents.read(List.of(found.getString("_id"))))
                        .as("by its id, %s", found.get("_id"))
                        .hasSize(1);
            }
            long batches = 0;
            for (int i = 0; i < writers.size(); i++) {
                String room = writers.get(i).room();
                int written = crash.batches().get(i);
                batches += written;
                assertThat(documents.newestHead(room, 0)).isEqualTo(written * (long) BATCH);
                assertThat(connection
                                .database()
                                .getCollection("counters")
                                .find(new Document("_id", room))
                                .first())
                        .containsEntry("batches", written)
                        .hasSize(written + 2);
            }
            assertThat(count).isEqualTo(batches * BATCH);
        }
    }
}
