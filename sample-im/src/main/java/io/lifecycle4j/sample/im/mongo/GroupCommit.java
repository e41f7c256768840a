package io.lifecycle4j.sample.im.mongo;

import com.mongodb.MongoBulkWriteException;
import com.mongodb.bulk.BulkWriteError;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import io.lifecycle4j.sample.im.chat.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes a batch of drafts as one: numbers them, inserts them, makes them durable, and only then lets anybody know.
 *
 * <p>The id of a message is its room and sequence, so inserting head + 1 is a compare-and-set: whoever loses it reads
 * the head again and takes the next number ({@link Numbering}), and no number is left out. One thread only.
 */
final class GroupCommit {
    /** A draft and what its sender waits for. */
    record Pending(Draft draft, CompletableFuture<Stored> stored) {}

    private record Outcome(
            Pending pending,
            @Nullable Stored stored,
            @Nullable StoreException failure) {}

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int DUPLICATE_KEY = 11_000;
    private static final int CONFLICTS = 50;
    private static final int MARK_EVERY = 32;

    private final MessageDocuments documents;
    private final MessageCache cache;
    private final Durability durability;

    GroupCommit(MessageDocuments documents, MessageCache cache, Durability durability) {
        this.documents = documents;
        this.cache = cache;
        this.durability = durability;
    }

    /**
     * Completes the stage of each draft, or throws when the database does not do its work; then nothing is known of any
     * of them, and no stage has been completed.
     */
    void write(List<Pending> batch) {
        try {
            List<Outcome> outcomes = store(batch);
            Map<String, Long> marks = marks(outcomes);
            if (!marks.isEmpty()) {
                documents.saveHeads(marks);
            }
            durability.sync();
            outcomes.forEach(this::publish);
        } catch (RuntimeException e) {
            // A write that failed may have been done in part, or be done later: what we know of the heads is too low.
            cache.forget(rooms(batch));
            throw e;
        }
    }

    /** Inserts until each draft is stored or refused; one round trip, but for duplicates and conflicts. */
    private List<Outcome> store(List<Pending> batch) {
        long start = System.nanoTime();
        Numbering numbering = new Numbering(documents, cache);
        List<Outcome> outcomes = new ArrayList<>(batch.size());
        List<Pending> waiting = new ArrayList<>(batch);
        waiting.sort(
                Comparator.comparing(pending -> pending.draft().room())); // stable: in a room, first come first served
        int conflicts = 0;
        boolean searched = false;
        while (!waiting.isEmpty()) {
            if (System.nanoTime() - start > LIMIT.toNanos()) {
                throw new StoreException("storing took longer than " + LIMIT.toSeconds() + " s", null);
            }
            List<ChatMessage> numbered = numbering.number(waiting);
            BulkWriteError error = insert(numbered);
            int stored = error == null ? numbered.size() : error.getIndex();
            for (int i = 0; i < stored; i++) {
                ChatMessage message = numbered.get(i);
                numbering.stored(message);
                outcomes.add(new Outcome(waiting.get(i), new Stored(message, false), null));
            }
            waiting = waiting.subList(stored, waiting.size());
            if (error == null) {
                continue;
            }
            conflicts = stored > 0 ? 0 : conflicts;
            Outcome refused = refused(waiting.get(0), error, conflicts);
            if (refused == null) {
                conflicts++;
                numbering.taken(waiting.get(0).draft().room());
            } else {
                conflicts = 0;
                outcomes.add(refused);
                waiting = waiting.subList(1, waiting.size());
                if (refused.stored() != null && !searched) {
                    searched = true;
                    waiting = withoutDuplicates(waiting, outcomes);
                }
            }
        }
        return outcomes;
    }

    /** Returns the error that ended the insert; everything before its index is stored, nothing behind it. */
    private @Nullable BulkWriteError insert(List<ChatMessage> numbered) {
        try {
            documents.insert(numbered);
            return null;
        } catch (MongoBulkWriteException e) {
            if (e.getWriteErrors().isEmpty() || e.getWriteConcernError() != null) {
                throw e; // written perhaps, but not known to be durable
            }
            return e.getWriteErrors().get(0);
        }
    }

    /** What becomes of the draft at the error, or null if another node took its number and it is to take the next one. */
    private @Nullable Outcome refused(Pending pending, BulkWriteError error, int conflicts) {
        if (error.getCode() != DUPLICATE_KEY) {
            return failed(pending, "the database refuses the message: error " + error.getCode());
        }
        // Which of the unique indexes it was is only in the error's text, which differs between servers: look.
        ChatMessage before =
                documents.sent(pending.draft().user(), pending.draft().clientId());
        if (before != null) {
            return new Outcome(pending, new Stored(before, true), null);
        }
        if (conflicts >= CONFLICTS) {
            return failed(pending, "other nodes took " + conflicts + " sequences in a row");
        }
        return null;
    }

    /** Duplicates come in crowds, when clients reconnect: one query each is less than an insert of all that follow. */
    private List<Pending> withoutDuplicates(List<Pending> waiting, List<Outcome> outcomes) {
        List<Pending> news = new ArrayList<>(waiting.size());
        for (Pending pending : waiting) {
            ChatMessage before =
                    documents.sent(pending.draft().user(), pending.draft().clientId());
            if (before == null) {
                news.add(pending);
            } else {
                outcomes.add(new Outcome(pending, new Stored(before, true), null));
            }
        }
        return news;
    }

    private static Outcome failed(Pending pending, String why) {
        String message = "message to room " + pending.draft().room() + " not stored: " + why;
        return new Outcome(pending, null, new StoreException(message, null));
    }

    /**
     * The heads to note: one in 32 is enough, finding the rest takes two queries. Each duplicate is noted too: on a real
     * deployment that write waits until what was there before is durable.
     */
    private static Map<String, Long> marks(List<Outcome> outcomes) {
        Map<String, Long> marks = new HashMap<>();
        for (Outcome outcome : outcomes) {
            Stored stored = outcome.stored();
            if (stored != null && (stored.duplicate() || stored.message().seq() % MARK_EVERY == 1)) {
                marks.merge(stored.message().room(), stored.message().seq(), Math::max);
            }
        }
        return marks;
    }

    private void publish(Outcome outcome) {
        if (outcome.stored() != null) {
            if (!outcome.stored().duplicate()) { // it may be behind the head, which a failure has made us forget
                cache.add(outcome.stored().message());
            }
            outcome.pending().stored().complete(outcome.stored());
        } else if (outcome.failure() != null) {
            outcome.pending().stored().completeExceptionally(outcome.failure());
        }
    }

    private static Set<String> rooms(List<Pending> batch) {
        return batch.stream().map(pending -> pending.draft().room()).collect(Collectors.toSet());
    }
}
