package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.mongo.GroupCommit.Pending;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which sequence each draft of a batch is to have: in its room, the next one after all that are known to be taken. */
final class Numbering {
    private final MessageDocuments documents;
    private final MessageCache cache;
    private final Map<String, Long> heads = new HashMap<>();

    Numbering(MessageDocuments documents, MessageCache cache) {
        this.documents = documents;
        this.cache = cache;
    }

    /** The drafts as messages, in the same order; a number counts as taken only when the message was {@link #stored}. */
    List<ChatMessage> number(List<Pending> waiting) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Map<String, Long> next = new HashMap<>();
        List<ChatMessage> numbered = new ArrayList<>(waiting.size());
        for (Pending pending : waiting) {
            Draft draft = pending.draft();
            String room = draft.room();
            long seq = next.merge(room, heads.computeIfAbsent(room, this::head) + 1, (last, unused) -> last + 1);
            numbered.add(new ChatMessage(room, seq, draft.user(), draft.clientId(), draft.text(), now));
        }
        return numbered;
    }

    void stored(ChatMessage message) {
        heads.put(message.room(), message.seq());
    }

    /** Another node took the next number of this room: how far the room has got is read again. */
    void taken(String room) {
        heads.compute(room, (name, head) -> documents.newestHead(name, head == null ? 0 : head));
    }

    private long head(String room) {
        Long known = cache.head(room);
        return known == null ? documents.newestHead(room, 0) : known;
    }
}
