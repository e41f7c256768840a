package io.lifecycle4j.sample.im.mongo;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * How far the rooms used lately have got, and the messages stored or read lately, so that a join rarely reads the database.
 * Holds durable messages only, which never change; a head is a lower bound of the truth. Thread-safe.
 */
final class MessageCache {
    private static final int HEADS = 100_000;
    private static final int MOST_CHARACTERS = 8_000_000; // with what a message costs beside its text: some 20 MB
    private static final int COST = 200;

    private final Cache<String, Long> heads =
            Caffeine.newBuilder().maximumSize(HEADS).build();
    private final Cache<String, ChatMessage> messages = Caffeine.newBuilder()
            .maximumWeight(MOST_CHARACTERS)
            .weigher((String id, ChatMessage message) -> COST + message.text().length())
            .build();

    /** The highest sequence known, or null if none is. */
    @Nullable
    Long head(String room) {
        return heads.getIfPresent(room);
    }

    /** Learns that a room has got at least this far. */
    void advance(String room, long head) {
        heads.asMap().merge(room, head, Math::max);
    }

    /** Learns a message. */
    void add(ChatMessage message) {
        messages.put(message.id(), message);
        advance(message.room(), message.seq());
    }

    /**
     * The messages of a room from one sequence to another, both included, oldest first.
     *
     * @param load reads those of these ids that are missing here
     */
    List<ChatMessage> read(String room, long from, long to, Function<Set<String>, Map<String, ChatMessage>> load) {
        List<String> ids = LongStream.rangeClosed(from, to)
                .mapToObj(seq -> ChatMessage.id(room, seq))
                .toList();
        Map<String, ChatMessage> found = messages.getAll(ids, missing -> load.apply(Set.copyOf(missing)));
        return ids.stream().map(found::get).filter(Objects::nonNull).toList();
    }

    /** Forgets the heads of rooms that may have got further than is known here. */
    void forget(Collection<String> rooms) {
        heads.invalidateAll(rooms);
    }
}
