package io.lifecycle4j.sample.im;

import io.lifecycle4j.sample.im.MessageStore.Page;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions in one room, and how far they have been told of its messages. Thread-safe. */
final class Room {
    private static final Logger LOG = LoggerFactory.getLogger(Room.class);

    private final String name;
    private final Set<Membership> members = ConcurrentHashMap.newKeySet();
    private long delivered; // 0: nothing is known; under this

    Room(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    void add(Membership membership) {
        members.add(membership);
    }

    void remove(Membership membership) {
        members.remove(membership);
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    /** The first to come sets the mark; later ones may be ahead of what is still to be told to the others. */
    synchronized void reached(long head) {
        if (delivered == 0) {
            delivered = head;
        }
    }

    /**
     * Tells all members of a stored message, in one encoding. A message before it that nobody was told of, because its
     * write seemed to have failed, goes first. Returns how many frames were handed on.
     */
    synchronized int deliver(ChatMessage message, MessageStore store) {
        int count = 0;
        long missing = message.seq() - delivered - 1;
        if (delivered > 0 && missing > 0 && missing <= Joining.MOST_MESSAGES) {
            try {
                Page page = store.after(name, delivered, (int) missing);
                for (ChatMessage missed : page.messages()) {
                    count += tell(missed);
                }
            } catch (StoreException e) {
                LOG.debug("Messages before {} are not handed on; clients see the gap", message.id(), e);
            }
        }
        count += tell(message);
        delivered = Math.max(delivered, message.seq());
        return count;
    }

    private int tell(ChatMessage message) {
        ByteBuffer frame = Json.encode(Json.messageFrame(message));
        members.forEach(member -> member.deliver(message.seq(), frame));
        return members.size();
    }
}
