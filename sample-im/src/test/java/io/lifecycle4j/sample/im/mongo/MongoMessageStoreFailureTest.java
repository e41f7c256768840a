package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class MongoMessageStoreFailureTest {
    private static final String NO_ANSWER =
            "message to room room not stored: the database does not answer, or not in time";

    @TempDir
    private Path folder;

    @Test
    void aKilledDatabaseLosesNothingAcknowledgedAndTheStoreRecovers() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            EmbeddedMongo killed = mongo.database.embedded();
            List<CompletionStage<Stored>> sent = new ArrayList<>();
            mongo.stored("room", "ann", "first");
            for (int i = 0; i < 3_000; i++) {
                sent.add(mongo.send("room", "ann", "c" + i));
            }
            MongoFixture.await(sent.get(0));
            killed.close(); // in the midst of them
            List<ChatMessage> acknowledged = new ArrayList<>();
            long start = System.nanoTime();
            for (CompletionStage<Stored> stage : sent) {
                Stored stored = storedOrNull(stage);
                if (stored != null) {
                    acknowledged.add(stored.message());
                }
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
            assertThat(acknowledged).isNotEmpty();
            MongoMessageStoreTest.assertRefused(mongo.send("room", "ann", "while away"), NO_ANSWER);

            EmbeddedMongo successor = EmbeddedMongo.open(folder, killed.port());
            try (successor) {
                MongoMessageStore store = new MongoMessageStore(mongo.connection, successor::sync, true);
                for (int i = 0; i < 3_000; i++) { // resent by their senders, acknowledged or not
                    String id = "c" + i;
                    sent.set(i, store.append(new Draft("room", "ann", id, "text of " + id)));
                }
                for (CompletionStage<Stored> stage : sent) {
                    MongoFixture.await(stage);
                }
                Page page = store.after("room", 0, 10_000);
                assertThat(page.messages()).containsAll(acknowledged);
                assertThat(page.messages())
                        .extracting(ChatMessage::seq)
                        .containsExactlyElementsOf(
                                LongStream.rangeClosed(1, 3_001).boxed().toList());
                assertThat(page.messages()).extracting(ChatMessage::clientId).doesNotHaveDuplicates();
                assertThat(store.finish(MongoFixture.LONG)).isTrue();
            }
        }
    }

    @Test
    void aFrozenDatabaseFailsWhatWaitsInTimeAndLateWritesLeaveNeitherGapNorDuplicate() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                MongoFixture mongo = new MongoFixture(folder, proxy)) {
            mongo.stored("room", "ann", "first");
            proxy.freeze();
            long start = System.nanoTime();
            List<CompletionStage<Stored>> sent = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) { // four batches: not four timeouts of 2 s
                sent.add(mongo.send("room", "ann", "c" + i));
            }
            for (CompletionStage<Stored> stage : sent) {
                MongoMessageStoreTest.assertRefused(stage, NO_ANSWER);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
            assertThatThrownBy(() -> mongo.store.before("unread", Long.MAX_VALUE, 10))
                    .isInstanceOf(StoreException.class)
                    .hasMessage("messages of room unread cannot be read: the database does not answer");
            proxy.thaw(); // the first batch's bytes are on their way now

            await().atMost(Duration.ofSeconds(20)).until(() -> storedOrNull(mongo.send("room", "ann", "c0")) != null);
            for (int i = 0; i < 2_000; i++) {
                sent.set(i, mongo.send("room", "ann", "c" + i));
            }
            for (CompletionStage<Stored> stage : sent) {
                MongoFixture.await(stage);
            }
            assertThat(mongo.store.after("room", 0, 10_000).messages())
                    .extracting(ChatMessage::seq)
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, 2_001).boxed().toList());
        }
    }

    @Test
    void finishIsBoundedWhileTheDatabaseIsFrozenAndEachStageEnds() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                MongoFixture mongo = new MongoFixture(folder, proxy)) {
            proxy.freeze();
            CompletionStage<Stored> sent = mongo.send("room", "ann", "c1");
            assertThat(mongo.store.finish(Duration.ofMillis(50))).isFalse();
            assertThat(mongo.store.finish(Duration.ofSeconds(10))).isTrue();
            MongoMessageStoreTest.assertRefused(sent, NO_ANSWER);
        }
    }

    @Test
    void nothingIsAcknowledgedOrShownWhenItCannotBeMadeDurable() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            MongoMessageStore store = new MongoMessageStore(
                    mongo.connection,
                    () -> {
                        throw new IllegalStateException("the disk is full");
                    },
                    false);
            MongoMessageStoreTest.assertRefused(store.append(new Draft("room", "ann", "c1", "hello")), NO_ANSWER);
            assertThatThrownBy(() -> store.after("room", 0, 10)).isInstanceOf(StoreException.class);
            assertThat(store.finish(MongoFixture.LONG)).isTrue();

            Stored again = mongo.stored("room", "ann", "c1"); // it was written, though
            assertThat(again.duplicate()).isTrue();
            assertThat(mongo.store.after("room", 0, 10).messages()).containsExactly(again.message());
        }
    }

    private static @Nullable Stored storedOrNull(CompletionStage<Stored> stage) throws Exception {
        return MongoFixture.await(stage.handle((stored, failure) -> stored));
    }
}
