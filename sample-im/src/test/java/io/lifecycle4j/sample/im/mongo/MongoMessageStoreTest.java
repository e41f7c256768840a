package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.model.Filters;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import io.lifecycle4j.sample.im.chat.StoreException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class MongoMessageStoreTest {
    @TempDir
    private Path folder;

    @Test
    void numbersEachRoomWithoutAGapWhenManyThreadsSend() throws Exception {
        int threads = 8;
        int each = 250;
        ExecutorService senders = Executors.newFixedThreadPool(threads);
        try (MongoFixture mongo = new MongoFixture(folder)) {
            List<Future<List<CompletionStage<Stored>>>> sent = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                String user = "user" + t;
                sent.add(senders.submit(() -> {
                    List<CompletionStage<Stored>> stages = new ArrayList<>();
                    for (int i = 0; i < each; i++) {
                        stages.add(mongo.send("room" + i % 5, user, "c" + i));
                    }
                    return stages;
                }));
            }
            for (Future<List<CompletionStage<Stored>>> stages : sent) {
                assertThat(sequencesGrow(stages.get(30, TimeUnit.SECONDS))).isTrue();
            }
            int perRoom = threads * each / 5;
            for (int room = 0; room < 5; room++) {
                Page page = mongo.store.after("room" + room, 0, 10_000);
                assertThat(page.head()).isEqualTo(perRoom);
                assertThat(page.messages()).extracting(ChatMessage::seq).containsExactlyElementsOf(range(1, perRoom));
                assertThat(page.messages())
                        .extracting(message -> message.user() + " " + message.clientId())
                        .doesNotHaveDuplicates();
            }
        } finally {
            senders.shutdownNow();
        }
    }

    @Test
    void completesTheStagesOfARoomInTheOrderOfTheSequenceOnItsOwnThread() throws Exception {
        List<Long> completed = new ArrayList<>();
        AtomicReference<String> thread = new AtomicReference<>();
        try (MongoFixture mongo = new MongoFixture(folder)) {
            CountDownLatch gathered = new CountDownLatch(1);
            CompletionStage<Void> first =
                    mongo.send("room", "ann", "first").thenAccept(stored -> awaitUnchecked(gathered));
            for (int i = 0; i < 50; i++) {
                var unused = mongo.send("room", "ann", "c" + i).thenAccept(stored -> {
                    completed.add(stored.message().seq());
                    thread.set(Thread.currentThread().getName());
                });
            }
            gathered.countDown();
            MongoFixture.await(first);
        }
        assertThat(completed).containsExactlyElementsOf(range(2, 51));
        assertThat(thread).hasValue("im-committer");
    }

    @Test
    void storesAClientIdOnceAndAnswersTwice() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            Stored first = mongo.stored("room", "ann", "c1");
            Stored again = mongo.stored("room", "ann", "c1");
            Stored other = mongo.stored("room", "bob", "c1");
            assertThat(first.duplicate()).isFalse();
            assertThat(again).isEqualTo(new Stored(first.message(), true));
            assertThat(other.message().seq()).isEqualTo(2);
            assertThat(mongo.store.after("room", 0, 10).messages()).containsExactly(first.message(), other.message());
        }
    }

    @Test
    void storesAClientIdOnceWhenBothSendsAreInOneBatch() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            CountDownLatch gathered = new CountDownLatch(1);
            CompletionStage<Void> blocker =
                    mongo.send("other", "ann", "c0").thenAccept(stored -> awaitUnchecked(gathered));
            CompletionStage<Stored> first = mongo.send("room", "ann", "c1");
            CompletionStage<Stored> second = mongo.send("room", "ann", "c2");
            CompletionStage<Stored> again = mongo.send("room", "ann", "c1");
            CompletionStage<Stored> last = mongo.send("room", "ann", "c3");
            gathered.countDown();
            MongoFixture.await(blocker);
            assertThat(MongoFixture.await(again))
                    .isEqualTo(new Stored(MongoFixture.await(first).message(), true));
            assertThat(MongoFixture.await(second).message().seq()).isEqualTo(2);
            assertThat(MongoFixture.await(last).message().seq()).isEqualTo(3);
            assertThat(mongo.store.after("room", 0, 10).messages())
                    .extracting(ChatMessage::clientId)
                    .containsExactly("c1", "c2", "c3");
        }
    }

    @Test
    void findsHeadsAndMessagesAfterARestart() throws Exception {
        List<ChatMessage> before = new ArrayList<>();
        try (MongoFixture mongo = new MongoFixture(folder)) {
            for (int i = 1; i <= 20; i++) {
                before.add(mongo.stored("room/with/slashes", "änn", "c" + i).message());
            }
        }
        try (MongoFixture mongo = new MongoFixture(folder)) {
            assertThat(mongo.store.after("room/with/slashes", 0, 100)).isEqualTo(new Page(20, before, false));
            assertThat(mongo.stored("room/with/slashes", "änn", "c20")).isEqualTo(new Stored(before.get(19), true));
            assertThat(mongo.stored("room/with/slashes", "änn", "c21").message().seq())
                    .isEqualTo(21);
        }
    }

    @Test
    void pagesForwardsAndBackwards() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            for (int i = 1; i <= 10; i++) {
                mongo.stored("room", "ann", "c" + i);
            }
        }
        try (MongoFixture mongo = new MongoFixture(folder)) { // once from the database, once from memory
            for (int i = 0; i < 2; i++) {
                assertPage(mongo.store.before("room", Long.MAX_VALUE, 3), 8, 10, true);
                assertPage(mongo.store.before("room", 8, 3), 5, 7, true);
                assertPage(mongo.store.before("room", 5, 4), 1, 4, false);
                assertPage(mongo.store.before("room", 1, 4), 1, 0, false);
                assertPage(mongo.store.before("room", Long.MIN_VALUE, 4), 1, 0, false);
                assertPage(mongo.store.after("room", 0, 3), 1, 3, true);
                assertPage(mongo.store.after("room", 7, 3), 8, 10, false);
                assertPage(mongo.store.after("room", 10, 3), 1, 0, false);
                assertPage(mongo.store.after("room", Long.MAX_VALUE, 3), 1, 0, false);
                assertPage(mongo.store.after("room", -5, 30), 1, 10, false);
                mongo.store.before("room", Long.MAX_VALUE, 10);
            }
            assertThat(mongo.store.before("empty", Long.MAX_VALUE, 3)).isEqualTo(new Page(0, List.of(), false));
            assertThat(mongo.store.after("empty", 0, 3)).isEqualTo(new Page(0, List.of(), false));
        }
    }

    @Test
    void repairsAHeadThatIsBehindTheMessages() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            for (int i = 1; i <= 40; i++) {
                mongo.stored("behind", "ann", "b" + i);
                mongo.stored("missing", "ann", "m" + i);
            }
            mongo.collection("rooms").updateOne(Filters.eq("behind"), new Document("$set", new Document("head", 7L)));
            mongo.collection("rooms").deleteOne(Filters.eq("missing"));
        }
        try (MongoFixture mongo = new MongoFixture(folder)) {
            assertThat(mongo.store.before("behind", Long.MAX_VALUE, 1).head()).isEqualTo(40);
            assertThat(mongo.stored("missing", "ann", "m41").message().seq()).isEqualTo(41);
        }
    }

    @Test
    void aDuplicateSaysNothingOfHowFarItsRoomHasGot() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            for (int i = 1; i <= 3; i++) {
                mongo.stored("room", "ann", "c" + i);
            }
        }
        try (MongoFixture mongo = new MongoFixture(folder)) {
            assertThat(mongo.stored("room", "ann", "c1").duplicate()).isTrue();
            assertThat(mongo.store.after("room", 0, 10).head()).isEqualTo(3);
        }
    }

    @Test
    void aPageWithAHoleIsDeclinedAndNotShown() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            for (int i = 1; i <= 3; i++) {
                mongo.stored("room", "ann", "c" + i);
            }
            // A server that has just become the primary may not have it yet.
            mongo.collection("messages").deleteOne(Filters.eq("room/2"));
            MongoMessageStore other = new MongoMessageStore(mongo.connection, mongo.database.durability(), true);
            assertThatThrownBy(() -> other.after("room", 0, 10)).isInstanceOf(StoreException.class);
            assertThat(other.after("room", 2, 10).messages())
                    .extracting(ChatMessage::seq)
                    .containsExactly(3L);
            assertThat(other.finish(MongoFixture.LONG)).isTrue();
        }
    }

    @Test
    void takesTheNextSequenceWhenAnotherNodeTookOurs() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            mongo.stored("room", "ann", "c1");
            MongoMessageStore other = new MongoMessageStore(mongo.connection, mongo.database.durability(), true);
            for (int i = 2; i <= 4; i++) {
                MongoFixture.await(other.append(new Draft("room", "bob", "c" + i, "from the other node")));
            }
            assertThat(mongo.stored("room", "ann", "c2").message().seq()).isEqualTo(5);
            Page page = other.after("room", 0, 10);
            assertThat(page.messages()).extracting(ChatMessage::seq).containsExactlyElementsOf(range(1, 5));
            assertThat(page.head()).isEqualTo(5);
            assertThat(other.finish(MongoFixture.LONG)).isTrue();
        }
    }

    @Test
    void leavesNoGapWhenTwoNodesRaceForARoom() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            MongoMessageStore other = new MongoMessageStore(mongo.connection, mongo.database.durability(), true);
            List<CompletionStage<Stored>> ours = new ArrayList<>();
            List<CompletionStage<Stored>> theirs = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                ours.add(mongo.send("room", "ann", "c" + i));
                theirs.add(other.append(new Draft("room", "bob", "c" + i, "from the other node")));
            }
            assertThat(sequencesGrow(ours)).isTrue();
            assertThat(sequencesGrow(theirs)).isTrue();
            assertThat(other.after("room", 0, 1_000).messages())
                    .extracting(ChatMessage::seq)
                    .containsExactlyElementsOf(range(1, 600));
            assertThat(other.finish(MongoFixture.LONG)).isTrue();
        }
    }

    @Test
    void finishStoresWhatWasAcceptedAndRefusesWhatComesLater() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            List<CompletionStage<Stored>> accepted = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                accepted.add(mongo.send("room", "ann", "c" + i));
            }
            assertThat(mongo.store.finish(MongoFixture.LONG)).isTrue();
            assertThat(accepted).allMatch(stage -> stage.toCompletableFuture().isDone());
            assertThat(sequencesGrow(accepted)).isTrue();
            assertRefused(mongo.send("room", "ann", "late"), "message to room room not stored: the server is stopping");
            assertThat(mongo.store.before("room", Long.MAX_VALUE, 1).head()).isEqualTo(2_000);
            assertThat(mongo.store.finish(Duration.ZERO)).isTrue();
        }
    }

    @Test
    void refusesAtOnceWhenTooManyWaitAndFinishSaysWhenItIsNotDone() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            CountDownLatch release = new CountDownLatch(1);
            CountDownLatch held = new CountDownLatch(1);
            CompletionStage<Void> blocker = mongo.send("room", "ann", "first").thenAccept(stored -> {
                held.countDown();
                awaitUnchecked(release);
            });
            assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
            List<CompletionStage<Stored>> waiting = new ArrayList<>();
            for (int i = 0; i < 10_000; i++) {
                waiting.add(mongo.send("room", "ann", "c" + i));
            }
            assertRefused(
                    mongo.send("room", "ann", "too many"),
                    "message to room room not stored: the store is busy: 10000 messages wait already");
            assertThat(mongo.store.finish(Duration.ofMillis(50))).isFalse();
            release.countDown();
            assertThat(mongo.store.finish(MongoFixture.LONG)).isTrue();
            MongoFixture.await(blocker);
            assertThat(sequencesGrow(waiting)).isTrue();
        }
    }

    static void assertRefused(CompletionStage<Stored> stage, String message) {
        assertThatThrownBy(() -> MongoFixture.await(stage))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StoreException.class)
                .hasMessage(message);
    }

    private static void assertPage(Page page, long from, long to, boolean more) {
        assertThat(page.messages()).extracting(ChatMessage::seq).containsExactlyElementsOf(range(from, to));
        assertThat(page.head()).isEqualTo(10);
        assertThat(page.more()).isEqualTo(more);
    }

    private static boolean sequencesGrow(List<CompletionStage<Stored>> stages) throws Exception {
        boolean grow = true;
        Map<String, Long> last = new HashMap<>();
        for (CompletionStage<Stored> stage : stages) {
            ChatMessage message = MongoFixture.await(stage).message();
            Long previous = last.put(message.room(), message.seq());
            grow &= previous == null || previous < message.seq();
        }
        return grow;
    }

    private static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("not released");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
