package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class MessageCacheTest {
    private final MessageCache cache = new MessageCache();
    private final List<Set<String>> loads = new ArrayList<>();

    @Test
    void readsOnlyWhatItDoesNotHoldAndKeepsIt() {
        messages(3, 4).forEach(cache::add);
        assertThat(cache.read("room", 3, 4, this::load)).isEqualTo(messages(3, 4));
        assertThat(loads).isEmpty();
        assertThat(cache.read("room", 1, 5, this::load)).isEqualTo(messages(1, 5));
        assertThat(cache.read("room", 1, 5, this::load)).isEqualTo(messages(1, 5));
        assertThat(loads).containsExactly(Set.of("room/1", "room/2", "room/5"));
        assertThat(cache.read("other", 3, 4, missing -> Map.of())).isEmpty();
    }

    @Test
    void aHeadNeverFallsUntilItIsForgotten() {
        assertThat(cache.head("room")).isNull();
        cache.advance("room", 7);
        cache.add(message(5));
        assertThat(cache.head("room")).isEqualTo(7);
        cache.add(message(8));
        assertThat(cache.head("room")).isEqualTo(8);
        cache.forget(List.of("room"));
        assertThat(cache.head("room")).isNull();
    }

    private Map<String, ChatMessage> load(Set<String> ids) {
        loads.add(ids);
        return ids.stream()
                .map(id -> message(Long.parseLong(id.substring("room/".length()))))
                .collect(Collectors.toMap(ChatMessage::id, Function.identity()));
    }

    private static List<ChatMessage> messages(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .mapToObj(MessageCacheTest::message)
                .toList();
    }

    private static ChatMessage message(long seq) {
        return new ChatMessage("room", seq, "ann", "cid" + seq, "text", Instant.EPOCH);
    }
}
