package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.sample.im.chat.MessageStore;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.mongo.GroupCommit.Pending;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
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

    private final ArrayBlockingQueue<Pending> queue = new ArrayBlockingQueue<>(QUEUE);
    private final ExecutorService committer = Executors.newSingleThreadExecutor(DaemonThreads.named("im-committer"));
    private final GroupCommit commit;
    private final MessageReader reader;
    private boolean failing; // the committer's thread only

    /**
     * Makes a store, whose thread starts with the first message.
     *
     * @param shared whether other nodes write too: then each read first asks the database how far the room has got; else what
     *     this node knows of a room's head is the truth, and joins need no query
     */
    public MongoMessageStore(MongoConnection connection, Durability durability, boolean shared) {
        MessageDocuments documents = new MessageDocuments(connection.database());
        MessageCache cache = new MessageCache();
        this.commit = new GroupCommit(documents, cache, durability);
        this.reader = new MessageReader(documents, cache, durability, shared);
    }

    @Override
    public CompletionStage<Stored> append(Draft draft) {
        Pending pending = new Pending(draft, new CompletableFuture<>());
        if (queue.offer(pending)) {
            try {
                committer.execute(this::writeNext);
            } catch (RejectedExecutionException e) {
                if (queue.remove(pending)) { // else it is written with one that came before
                    fail(pending, "the server is stopping", null);
                }
            }
        } else {
            fail(pending, "the store is busy: " + QUEUE + " messages wait already", null);
        }
        return pending.stored().minimalCompletionStage();
    }

    /** How many messages wait for the next batch. */
    public int waiting() {
        return queue.size();
    }

    @Override
    public Page after(String room, long after, int limit) {
        return reader.after(room, after, limit);
    }

    @Override
    public Page before(String room, long before, int limit) {
        return reader.before(room, before, limit);
    }

    @Override
    public boolean finish(Duration limit) throws InterruptedException {
        committer.shutdown();
        return committer.awaitTermination(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    // Once for each message, so that none is left behind; most find theirs written with another.
    private void writeNext() {
        List<Pending> batch = new ArrayList<>(BATCH);
        queue.drainTo(batch, BATCH);
        if (!batch.isEmpty()) {
            write(batch);
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
        List<Pending> waiting = new ArrayList<>();
        queue.drainTo(waiting);
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
}
