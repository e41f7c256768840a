package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The head and the last messages of the rooms used lately, so that a join rarely reads the database. Holds durable
 * messages only. A head is a lower bound of the truth; a tail is without a gap and ends at the head. Thread-safe.
 */
final class RoomTails {
    private static final int TAIL_MESSAGES = 300;
    private static final int TAIL_CHARACTERS = 100_000; // so that long texts do not fill the heap: 200 MB at the most
    private static final int TAILS = 1_000;
    private static final int HEADS = 100_000;

    private final Map<String, Long> heads = new LeastRecentlyUsed<>(HEADS); // both under this object's lock
    private final Map<String, Tail> tails = new LeastRecentlyUsed<>(TAILS);

    /** The highest sequence known, or null if none is. */
    synchronized @Nullable Long head(String room) {
        return heads.get(room);
    }

    /** Learns that a room has got at least this far. */
    synchronized void advance(String room, long head) {
        Long known = heads.get(room);
        if (known == null || known < head) {
            heads.put(room, head);
            tails.remove(room); // it no longer ends at the head
        }
    }

    /** Learns a message: one behind the head is known already, one beyond the next begins a new tail. */
    synchronized void add(ChatMessage message) {
        Long known = heads.get(message.room());
        if (known != null && message.seq() <= known) {
            return;
        }
        Tail tail = tails.computeIfAbsent(message.room(), room -> new Tail());
        if (known == null || message.seq() > known + 1) {
            tail.clear();
        }
        tail.append(message);
        heads.put(message.room(), message.seq());
    }

    /** Learns messages that were read: contiguous, oldest first. Of use only if they reach the head or what is held. */
    synchronized void fill(String room, List<ChatMessage> read) {
        Long head = heads.get(room);
        if (head == null
                || read.isEmpty()
                || read.get(read.size() - 1).seq() - read.get(0).seq() != read.size() - 1) {
            return;
        }
        Tail tail = tails.computeIfAbsent(room, name -> new Tail());
        long first = tail.firstOr(head + 1);
        if (read.get(read.size() - 1).seq() < first - 1) {
            return;
        }
        for (int i = read.size() - 1; i >= 0; i--) {
            if (read.get(i).seq() < first && !tail.prepend(read.get(i))) {
                return;
            }
        }
    }

    /** The messages from one sequence to another, both included, or null if not all of them are held. */
    synchronized @Nullable List<ChatMessage> slice(String room, long from, long to) {
        Long head = heads.get(room);
        Tail tail = tails.get(room);
        if (head == null || tail == null || to > head || from < tail.firstOr(head + 1)) {
            return null;
        }
        return tail.between(from, to);
    }

    /** Forgets rooms of which the database may know more than we do. */
    synchronized void forget(Collection<String> rooms) {
        rooms.forEach(heads::remove);
        rooms.forEach(tails::remove);
    }

    private static final class Tail {
        private final ArrayDeque<ChatMessage> messages = new ArrayDeque<>();
        private long characters;

        long firstOr(long none) {
            ChatMessage first = messages.peekFirst();
            return first == null ? none : first.seq();
        }

        void append(ChatMessage message) {
            messages.addLast(message);
            characters += message.text().length();
            while (messages.size() > TAIL_MESSAGES || (characters > TAIL_CHARACTERS && messages.size() > 1)) {
                characters -= messages.removeFirst().text().length();
            }
        }

        boolean prepend(ChatMessage message) {
            if (messages.size() >= TAIL_MESSAGES || characters + message.text().length() > TAIL_CHARACTERS) {
                return false;
            }
            messages.addFirst(message);
            characters += message.text().length();
            return true;
        }

        List<ChatMessage> between(long from, long to) {
            List<ChatMessage> slice = new ArrayList<>();
            for (ChatMessage message : messages) {
                if (message.seq() >= from && message.seq() <= to) {
                    slice.add(message);
                }
            }
            return slice;
        }

        void clear() {
            messages.clear();
            characters = 0;
        }
    }

    private static final class LeastRecentlyUsed<K, V> extends LinkedHashMap<K, V> {
        private static final long serialVersionUID = 1L;

        private final int capacity;

        LeastRecentlyUsed(int capacity) {
            super(16, 0.75f, true);
            this.capacity = capacity;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > capacity;
        }
    }
}
