package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Reads pages of durable messages: from memory, or else from the database. Thread-safe. */
final class MessageReader {
    private static final int READS = 32;
    private static final Duration READ_PATIENCE = Duration.ofMillis(500);

    private final MessageDocuments documents;
    private final MessageCache cache;
    private final Durability durability;
    private final boolean shared;
    private final Semaphore reads = new Semaphore(READS);

    MessageReader(MessageDocuments documents, MessageCache cache, Durability durability, boolean shared) {
        this.documents = documents;
        this.cache = cache;
        this.durability = durability;
        this.shared = shared;
    }

    Page after(String room, long after, int limit) {
        return reading(room, () -> {
            long head = head(room);
            long from = Math.max(0, Math.min(after, head)) + 1;
            long to = Math.min(head, from + limit - 1);
            return new Page(head, messages(room, from, to), to < head);
        });
    }

    Page before(String room, long before, int limit) {
        return reading(room, () -> {
            long head = head(room);
            long to = Math.min(head, Math.max(before, 1) - 1);
            long from = Math.max(1, to - limit + 1);
            return new Page(head, messages(room, from, to), from > 1 && to > 0);
        });
    }

    private long head(String room) {
        Long known = cache.head(room);
        if (known != null && !shared) {
            return known;
        }
        long head = query(() -> documents.durableHead(room, known == null ? 0 : known));
        if (known == null || head > known) {
            // The embedded server shows what is not durable yet: nobody may see what a crash could undo.
            durability.sync();
            cache.advance(room, head);
        }
        return head;
    }

    private List<ChatMessage> messages(String room, long from, long to) {
        if (from > to) {
            return List.of();
        }
        List<ChatMessage> found = cache.read(room, from, to, missing -> query(() -> documents.read(missing)));
        if (found.size() != to - from + 1) { // a server that has just become the primary may lag behind what we know
            throw new StoreException("messages of room " + room + " are missing for now", null);
        }
        return found;
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
