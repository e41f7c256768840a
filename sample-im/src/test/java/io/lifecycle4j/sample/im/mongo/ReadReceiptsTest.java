package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lifecycle4j.sample.im.chat.StoreException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class ReadReceiptsTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @TempDir
    private Path folder;

    @Test
    void flushStoresTheHighestOfEachUserAndRoom() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            ReadReceipts receipts = onlyFlushed(mongo, Duration.ZERO);
            receipts.received("ann", "room", 3);
            receipts.received("ann", "room", 5);
            receipts.received("ann", "room", 4);
            receipts.received("bob", "room", 1);
            assertThat(receipts.flush(MongoFixture.LONG)).isEqualTo(2);
            receipts.received("ann", "room", 2);
            assertThat(receipts.flush(MongoFixture.LONG)).isEqualTo(1);
            assertThat(receipts.flush(MongoFixture.LONG)).isZero();
            assertThat(mongo.collection("receipts").find().sort(new Document("_id", 1)))
                    .containsExactly(receipt("ann", "room", 5), receipt("bob", "room", 1));
        }
    }

    @Test
    void thoseWhoHaveReadARoomFurthestAreReadFromTheStore() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            ReadReceipts receipts = onlyFlushed(mongo, Duration.ZERO);
            receipts.received("ann", "room", 3);
            receipts.received("bob", "room", 1);
            receipts.received("cleo", "room", 2);
            receipts.received("dan", "another", 9);
            receipts.flush(MongoFixture.LONG);
            CompletableFuture<Map<String, Long>> read = new CompletableFuture<>();
            try (ReadReceipts reader = receipts(mongo, Duration.ZERO)) {
                reader.read("room", 2, read::complete);
                assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(Map.of("ann", 3L, "cleo", 2L));
            }
        }
    }

    @Test
    void ofManyReadsAtOnceNoMoreThanABoundWait() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder);
                ReadReceipts receipts = receipts(mongo, Duration.ZERO)) {
            CountDownLatch goOn = new CountDownLatch(1);
            AtomicInteger handedOn = new AtomicInteger();
            for (int i = 0; i < 1_000; i++) {
                receipts.read("room", 1, positions -> {
                    awaitQuietly(goOn);
                    handedOn.incrementAndGet();
                });
            }
            goOn.countDown();
            await().until(() -> handedOn.get() == 200);
            CompletableFuture<Map<String, Long>> later = new CompletableFuture<>();
            await().until(() -> {
                receipts.read("room", 1, later::complete);
                return later.isDone();
            });
            assertThat(handedOn).hasValue(200);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatCannotBeReadIsNotHandedOn() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            ReadReceipts receipts = receipts(mongo, Duration.ZERO);
            receipts.close();
            receipts.read("room", 2, positions -> {
                throw new AssertionError("the executor has ended");
            });
        }
    }

    @Test
    void receiptsAreWrittenBehindWithoutAFlush() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder);
                ReadReceipts receipts = receipts(mongo, Duration.ofHours(1))) { // the delay is for flushes only
            receipts.received("ann", "room", 3);
            await().until(() -> receipts.unwritten() == 0);
            assertThat(mongo.collection("receipts").find()).containsExactly(receipt("ann", "room", 3));
        }
    }

    @Test
    void flushWritesThousandsAndTheySurviveARestart() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            ReadReceipts receipts = onlyFlushed(mongo, Duration.ZERO);
            for (int i = 0; i < 5_000; i++) {
                receipts.received("user" + i, "room", i);
            }
            assertThat(receipts.flush(MongoFixture.LONG)).isEqualTo(5_000);
        }
        try (MongoFixture mongo = new MongoFixture(folder)) {
            assertThat(mongo.collection("receipts").countDocuments()).isEqualTo(5_000);
        }
    }

    @Test
    void whatAFrozenDatabaseDoesNotTakeStaysAndFlushSaysSoInTime() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                MongoFixture mongo = new MongoFixture(folder, proxy)) {
            ReadReceipts receipts = onlyFlushed(mongo, Duration.ZERO);
            receipts.received("ann", "room", 3);
            receipts.received("bob", "room", 4);
            proxy.freeze();
            long start = System.nanoTime();
            assertThatThrownBy(() -> receipts.flush(Duration.ofMillis(300)))
                    .isInstanceOf(StoreException.class)
                    .hasMessage("2 read receipts not stored: the database does not answer, or not in time");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SECOND);
            proxy.thaw();
            assertThat(receipts.flush(MongoFixture.LONG)).isEqualTo(2);
            assertThat(receipts.unwritten()).isZero();
        }
    }

    @Test
    void theDemonstrationDelayCountsAgainstTheLimitAndCanBeInterrupted() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            ReadReceipts receipts = onlyFlushed(mongo, Duration.ofMillis(100));
            ReadReceipts stuck = onlyFlushed(mongo, Duration.ofHours(1));
            receipts.received("ann", "room", 3);
            assertThatThrownBy(() -> receipts.flush(Duration.ofMillis(50)))
                    .isInstanceOf(StoreException.class)
                    .hasMessage("1 read receipts not stored: no time was left");
            assertThat(receipts.flush(MongoFixture.LONG)).isEqualTo(1);

            AtomicReference<Throwable> thrown = new AtomicReference<>();
            CountDownLatch started = new CountDownLatch(1);
            Thread flushing = new Thread(() -> {
                started.countDown();
                try {
                    stuck.flush(MongoFixture.LONG);
                } catch (Throwable e) {
                    thrown.set(e);
                }
            });
            flushing.start();
            started.await();
            flushing.interrupt();
            flushing.join(MongoFixture.LONG.toMillis());
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        }
    }

    @Test
    void beyondTheirBoundNewReceiptsAreDroppedAndKnownOnesGrow() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                MongoFixture mongo = new MongoFixture(folder, proxy)) {
            ReadReceipts receipts = onlyFlushed(mongo, Duration.ZERO);
            for (int i = 0; i < 100_000; i++) {
                receipts.received("user" + i, "room", 1);
            }
            receipts.received("one more", "room", 1);
            receipts.received("user7", "room", 9);
            assertThat(receipts.unwritten()).isEqualTo(100_000);
        }
    }

    /** Nothing is written behind. */
    private static ReadReceipts onlyFlushed(MongoFixture mongo, Duration demoDelay) {
        ReadReceipts receipts = receipts(mongo, demoDelay);
        receipts.close();
        return receipts;
    }

    private static ReadReceipts receipts(MongoFixture mongo, Duration demoDelay) {
        return new ReadReceipts(mongo.connection, mongo.database.durability(), demoDelay);
    }

    private static Document receipt(String user, String room, long seq) {
        return new Document("_id", user + "/" + room)
                .append("seq", seq)
                .append("user_id", user)
                .append("room_id", room);
    }
}
