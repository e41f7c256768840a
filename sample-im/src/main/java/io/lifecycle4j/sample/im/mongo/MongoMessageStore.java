package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.mongo.GroupCommit.Pending;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages in MongoDB, written by one thread in batches: while one batch is being made durable the next one gathers.
 *
 * <p>No call waits without limit: each operation has the connection's client-side timeout.
 */
public final class MongoMessageStore implements MessageStore {
    private static final Logger log = LoggerFactory.getLogger(MongoMessageStore.class);
    private static final int QUEUE = 10_000;
    private static final int BATCH = 500;
    private static final int READS = 32;
    private static final Duration READ_PATIENCE = Duration.ofMillis(500);

    private final BatchQueue<Pending> queue = new BatchQueue<>(QUEUE);
    private final RoomTails tails = new RoomTails();
    private final MessageDocuments documents;
    private final GroupCommit commit;
    private final Durability durability;
    private final Semaphore reads = new Semaphore(READS);
    private final boolean shared;
    private final Thread committer = DaemonThreads.named("im-committer").newThread(this::run);
    private boolean failing; // the committer's thread only

    private MongoMessageStore(MongoConnection connection, Durability durability, boolean shared) {
        this.documents = new MessageDocuments(connection.database());
        this.commit = new GroupCommit(documents, tails, durability);
        this.durability = durability;
        this.shared = shared;
    }

    /**
     * Begins to store.
     *
     * @param shared whether other nodes write too: then each read first asks the database how far the room has got; else what
     *     this node knows of a room's head is the truth, and joins need no query
     */
    public static MongoMessageStore open(MongoConnection connection, Durability durability, boolean shared) {
        MongoMessageStore store = new MongoMessageStore(connection, durability, shared);
        store.committer.start();
        return store;
    }

    @Override
    public CompletionStage<Stored> append(Draft draft) {
        Pending pending = new Pending(draft, new CompletableFuture<>());
        switch (queue.offer(pending)) {
            case ACCEPTED -> {}
            case FULL -> fail(pending, "the store is busy: " + QUEUE + " messages wait already", null);
            case CLOSED -> fail(pending, "the server is stopping", null);
        }
        return pending.stored().minimalCompletionStage();
    }

    /** How many messages wait for the next batch. */
    public int waiting() {
        return queue.size();
    }

    @Override
    public Page after(String room, long after, int limit) {
        return reading(room, () -> {
            long head = head(room);
            long from = Math.max(0, Math.min(after, head)) + 1;
            long to = Math.min(head, from + limit - 1);
            return new Page(head, messages(room, from, to), to < head);
        });
    }

    @Override
    public Page before(String room, long before, int limit) {
        return reading(room, () -> {
            long head = head(room);
            long to = Math.min(head, Math.max(before, 1) - 1);
            long from = Math.max(1, to - limit + 1);
            return new Page(head, messages(room, from, to), from > 1 && to > 0);
        });
    }

    @Override
    public boolean finish(Duration limit) throws InterruptedException {
        queue.close();
        committer.join(Math.max(1, limit.toMillis())); // 0 would wait for ever
        return !committer.isAlive();
    }

    private void run() {
        List<Pending> batch = queue.take(BATCH);
        while (!batch.isEmpty()) {
            write(batch);
            batch = queue.take(BATCH);
        }
    }

    /** The thread's edge: whatever happens, each sender gets an answer and the thread lives on. */
    private void write(List<Pending> batch) {
        try {
            commit.write(batch);
            stored();
        } catch (Throwable e) {
            failed(batch, e);
        }
    }

    private void stored() {
        if (failing) {
            failing = false;
            log.info("Messages are stored again");
        }
    }

    private void failed(List<Pending> batch, Throwable failure) {
        // Those that wait fail too: else each batch of them would wait for its own timeout.
        List<Pending> waiting = queue.takeAll();
        if (failing) {
            log.debug("{} messages refused", batch.size() + waiting.size(), failure);
        } else {
            failing = true;
            log.warn(
                    "Messages are refused, {} just now: the database does not store them",
                    batch.size() + waiting.size(),
                    failure);
        }
        String why = "the database does not answer, or not in time";
        batch.forEach(pending -> fail(pending, why, failure));
        waiting.forEach(pending -> fail(pending, why, failure));
    }

    private static void fail(Pending pending, String why, @Nullable Throwable cause) {
        String message = "message to room " + pending.draft().room() + " not stored: " + why;
        pending.stored().completeExceptionally(new StoreException(message, cause));
    }

    private long head(String room) {
        Long known = tails.head(room);
        if (known != null && !shared) {
            return known;
        }
        long head = query(() -> documents.durableHead(room, known == null ? 0 : known));
        if (known == null || head > known) {
            durability.sync(); // the embedded server shows what is not durable yet: nobody may see what a crash could
            // undo
            tails.advance(room, head);
        }
        return head;
    }

    private List<ChatMessage> messages(String room, long from, long to) {
        if (from > to) {
            return List.of();
        }
        List<ChatMessage> held = tails.slice(room, from, to);
        if (held != null) {
            return held;
        }
        List<ChatMessage> read = query(() -> documents.read(room, from, to));
        tails.fill(room, read);
        return read;
    }

    /** While the database is frozen, few threads wait for it to the end: the others have sessions to serve. */
    private <T> T query(Supplier<T> query) {
        try {
            if (!reads.tryAcquire(READ_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new StoreException(READS + " reads wait for the database already", null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("interrupted while waiting for the database", e);
        }
        try {
            return query.get();
        } finally {
            reads.release();
        }
    }

    private static Page reading(String room, Supplier<Page> read) {
        try {
            return read.get();
        } catch (RuntimeException e) { // the driver's, and the embedded server's own
            throw new StoreException("messages of room " + room + " cannot be read: the database does not answer", e);
        }
    }
}
