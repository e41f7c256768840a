package io.lifecycle4j.sample.im.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import io.lifecycle4j.sample.im.chat.ReadPositions;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far each user has read in each room, written behind: kept in memory, stored every second and by {@link #flush}.
 * A crash loses a second of them, which is why the shutdown flushes. Thread-safe.
 */
public final class ReadReceipts implements ReadPositions, AutoCloseable {
    static final String COLLECTION = "receipts";

    private record Key(String user, String room) {}

    private static final Logger log = LoggerFactory.getLogger(ReadReceipts.class);
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final int CAPACITY = 100_000;
    private static final int BATCH = 1_000;
    private static final int MOST_READS = 200;

    private final MongoCollection<Document> receipts;
    private final Durability durability;
    private final Duration demoDelay;
    private final Map<Key, Long> dirty = new ConcurrentHashMap<>();
    private final Semaphore reads = new Semaphore(MOST_READS); // waiting or under way
    private final ReentrantLock flushing = new ReentrantLock();
    private final ScheduledExecutorService executor;
    private boolean failing; // the executor's thread only

    /** Begins to write behind; {@code demoDelay} makes every {@link #flush} slow, to show what a shutdown does then. */
    public ReadReceipts(MongoConnection connection, Durability durability, Duration demoDelay) {
        this.receipts = connection.database().getCollection(COLLECTION);
        this.durability = durability;
        this.demoDelay = demoDelay;
        executor = Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("im-receipts"));
        long millis = INTERVAL.toMillis();
        var unused = executor.scheduleWithFixedDelay(this::writeBehind, millis, millis, TimeUnit.MILLISECONDS);
    }

    /**
     * Notes that a user has read a room up to a sequence; a lower one than before changes nothing. Does not block. While
     * 100,000 receipts wait (the database is away), new ones are dropped: the next one of that user will say more.
     */
    public void received(String user, String room, long seq) {
        Key key = new Key(user, room);
        if (dirty.size() < CAPACITY || dirty.containsKey(key)) {
            dirty.merge(key, seq, Math::max);
        }
    }

    @Override
    public void read(String room, int most, Consumer<Map<String, Long>> reader) {
        if (!reads.tryAcquire()) { // a client may join and leave as fast as it can
            return;
        }
        try {
            executor.execute(() -> {
                try {
                    reader.accept(stored(room, most));
                } catch (RuntimeException e) { // the driver's, and the embedded server's own
                    log.debug("What was read in room {} is not known", room, e);
                } finally {
                    reads.release();
                }
            });
        } catch (RejectedExecutionException e) { // it is closed, and the client about to go
            log.debug("What was read in room {} is not looked up", room, e);
        }
    }

    private Map<String, Long> stored(String room, int most) {
        Map<String, Long> stored = new HashMap<>();
        receipts.find(new Document("room_id", room))
                .sort(new Document("seq", -1))
                .limit(most)
                .forEach(receipt -> stored.put(receipt.getString("user_id"), receipt.getLong("seq")));
        return stored;
    }

    /** How many receipts are not stored yet. */
    public int unwritten() {
        return dirty.size();
    }

    /**
     * Stores all receipts within the limit and returns how many it stored; what came in meanwhile may be left. Throws a
     * {@link StoreException} that says how many are left when the database fails or the limit is reached; they are kept.
     */
    public int flush(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        if (!demoDelay.isZero()) {
            Thread.sleep(demoDelay.toMillis());
        }
        if (!flushing.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            throw unwritten("the write before did not end within " + limit.toMillis() + " ms", null);
        }
        try {
            return write(deadline);
        } finally {
            flushing.unlock();
        }
    }

    /** Ends the writing behind; a write under way ends at its own limit, and is not waited for. Does not flush. */
    @Override
    public void close() {
        executor.shutdown();
    }

    private void writeBehind() {
        if (dirty.isEmpty() || !flushing.tryLock()) {
            return;
        }
        try {
            write(System.nanoTime() + MongoConnection.OPERATION_LIMIT.toNanos());
            failing = false;
        } catch (RuntimeException e) {
            if (!failing) { // once; the heartbeat says when the database is back
                log.warn("Read receipts are kept in memory until the database stores them", e);
            }
            failing = true;
        } finally {
            flushing.unlock();
        }
    }

    /** Under the lock. Goes once through what is there, so that a flood of new receipts cannot hold it up. */
    private int write(long deadline) {
        int written = 0;
        Iterator<Map.Entry<Key, Long>> entries = dirty.entrySet().iterator();
        while (entries.hasNext()) {
            List<Map.Entry<Key, Long>> batch = next(entries);
            long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (millis <= 0) {
                throw unwritten("no time was left", null);
            }
            try {
                receipts.withTimeout(millis, TimeUnit.MILLISECONDS)
                        .bulkWrite(
                                batch.stream().map(ReadReceipts::update).toList(),
                                new BulkWriteOptions().ordered(false));
                durability.sync();
            } catch (RuntimeException e) { // the driver's, and the embedded server's own
                throw unwritten("the database does not answer, or not in time", e);
            }
            // Only as it was written: one that has grown meanwhile stays for the next time.
            batch.forEach(entry -> dirty.remove(entry.getKey(), entry.getValue()));
            written += batch.size();
        }
        return written;
    }

    private static List<Map.Entry<Key, Long>> next(Iterator<Map.Entry<Key, Long>> entries) {
        List<Map.Entry<Key, Long>> batch = new ArrayList<>();
        while (batch.size() < BATCH && entries.hasNext()) {
            Map.Entry<Key, Long> entry = entries.next();
            batch.add(Map.entry(entry.getKey(), entry.getValue())); // the map's own would change under us
        }
        return batch;
    }

    private static UpdateOneModel<Document> update(Map.Entry<Key, Long> entry) {
        Key key = entry.getKey();
        Document fields = new Document("user_id", key.user()).append("room_id", key.room());
        return new UpdateOneModel<>(
                new Document("_id", key.user() + "/" + key.room()),
                new Document("$max", new Document("seq", entry.getValue())).append("$setOnInsert", fields),
                new UpdateOptions().upsert(true));
    }

    private StoreException unwritten(String why, @Nullable Throwable cause) {
        return new StoreException(dirty.size() + " read receipts not stored: " + why, cause);
    }
}
