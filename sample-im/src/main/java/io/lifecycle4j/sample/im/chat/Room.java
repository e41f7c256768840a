package io.lifecycle4j.sample.im.chat;

import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions in one room, and how far they have been told of its messages. Thread-safe. */
public final class Room {
    private static final Logger LOG = LoggerFactory.getLogger(Room.class);
    private static final long UNKNOWN = -1;

    private final String name;
    private final Function<ChatMessage, ByteBuffer> encoder;
    private final Set<Membership> members = ConcurrentHashMap.newKeySet();
    private final Presence presence = new Presence();
    private long delivered = UNKNOWN; // under this
    private long news; // the highest sequence that another node is known to have stored; under this

    Room(String name, Function<ChatMessage, ByteBuffer> encoder) {
        this.name = name;
        this.encoder = encoder;
    }

    public String name() {
        return name;
    }

    public void add(Membership membership) {
        members.add(membership);
    }

    public void remove(Membership membership) {
        members.remove(membership);
        membership.end();
        presence.moved();
    }

    Presence presence() {
        return presence;
    }

    /** Tells the members what they have been doing beside speaking. */
    void tellActivity(Function<Activity, ByteBuffer> activityEncoder) {
        Activity activity = presence.take(name, members);
        if (activity != null) {
            ByteBuffer frame = activityEncoder.apply(activity);
            members.forEach(member -> member.tell(frame));
        }
    }

    public boolean isEmpty() {
        return members.isEmpty();
    }

    /** The first member to begin sets how far the room has been told; later ones may have read further. Returns that sequence. */
    synchronized long reached(long head) {
        if (delivered == UNKNOWN) {
            delivered = head;
        }
        return delivered;
    }

    /**
     * Tells all members of a stored message, in one encoding, once, in the order of the sequence. A message before it that nobody was
     * told of goes first: its write seemed to have failed, or it comes from another node. Returns how many frames were handed on.
     */
    public synchronized int deliver(ChatMessage message, MessageStore store) {
        if (delivered
                == UNKNOWN) { // the members are still reading the history, and keep this message until they have it
            return tell(message);
        }
        if (message.seq() <= delivered) {
            return 0;
        }
        int count = message.seq() > delivered + 1 ? read(store) : 0;
        if (delivered == message.seq() - 1) {
            delivered = message.seq();
            count += tell(message);
        }
        return count;
    }

    /** Another node has stored messages up to this one; if the first member is still reading the history, the news is told when it has finished. */
    public synchronized int heardOf(long seq, MessageStore store) {
        news = Math.max(news, seq);
        return tellNews(store);
    }

    public synchronized int tellNews(MessageStore store) {
        return delivered == UNKNOWN || news <= delivered ? 0 : read(store);
    }

    private int read(MessageStore store) {
        try {
            return catchUp(store);
        } catch (StoreException e) {
            LOG.debug("Messages after {}/{} cannot be read", name, delivered, e);
            sendAway();
            return 0;
        }
    }

    /** Tells all members of what is stored and they were not told of; if that is much, they are to come back for it. */
    public synchronized int catchUp(MessageStore store) {
        int count = 0;
        if (delivered != UNKNOWN && !members.isEmpty()) {
            Page page = store.after(name, delivered, Joining.MOST_MESSAGES);
            if (page.more()) {
                sendAway();
            } else {
                for (ChatMessage missed : page.messages()) {
                    delivered = missed.seq();
                    count += tell(missed);
                }
            }
        }
        return count;
    }

    /** A client that comes back resumes after its last message, or is told that it cannot. */
    private void sendAway() {
        members.forEach(Membership::sendAway);
        members.clear();
        delivered = UNKNOWN;
    }

    private int tell(ChatMessage message) {
        ByteBuffer frame = encoder.apply(message);
        members.forEach(member -> member.deliver(message.seq(), frame));
        return members.size();
    }
}
