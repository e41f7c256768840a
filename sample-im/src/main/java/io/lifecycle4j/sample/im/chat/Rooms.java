package io.lifecycle4j.sample.im.chat;

import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** The rooms and who is in them. A room is there while somebody is in it. Thread-safe. */
public final class Rooms {
    private final MessageStore store;
    private final ReadPositions positions;
    private final Function<ChatMessage, ByteBuffer> encoder;
    private final IntConsumer delivered;
    private final ConcurrentMap<String, Room> rooms = new ConcurrentHashMap<>();

    /**
     * @param encoder makes the frame that hands a message on
     * @param delivered told how many frames were handed on
     */
    public Rooms(
            MessageStore store,
            ReadPositions positions,
            Function<ChatMessage, ByteBuffer> encoder,
            IntConsumer delivered) {
        this.store = store;
        this.positions = positions;
        this.encoder = encoder;
        this.delivered = delivered;
    }

    /** How many rooms somebody is in. */
    public int size() {
        return rooms.size();
    }

    /** Adds a client to a room, made if it is the first there; the two actions are those of {@link Membership}. */
    public Membership enter(String name, String user, Consumer<ByteBuffer> client, Runnable sendAway) {
        Membership[] entered = new Membership[1];
        rooms.compute(name, (unused, known) -> {
            Room room = known == null ? open(name) : known;
            entered[0] = new Membership(room, user, client, sendAway);
            room.add(entered[0]);
            return room;
        });
        return entered[0];
    }

    private Room open(String name) {
        Room room = new Room(name, encoder);
        positions.read(name, Presence.MOST_MEMBERS, stored -> {
            long head = store.before(name, Long.MAX_VALUE, 1).head();
            Map<String, Long> read = new HashMap<>(stored);
            read.values().removeIf(seq -> seq > head); // a client has claimed to have read what there is not
            room.presence().stored(read);
        });
        return room;
    }

    public void leave(Membership membership) {
        rooms.computeIfPresent(membership.room().name(), (name, room) -> {
            room.remove(membership);
            return room.isEmpty() ? null : room;
        });
    }

    /** Reads what a client that joins is told; blocks, and throws a {@link StoreException} if that fails. */
    public Joining joining(String room, boolean sameHistory, long after) {
        return Joining.read(store, room, sameHistory, after);
    }

    /** Reads the last messages below a sequence, as many as fit; blocks, and throws a {@link StoreException} if that fails. */
    public Page history(String room, long before, long limit) {
        return Joining.fit(store.before(room, before, (int) Math.min(Joining.MOST_MESSAGES, limit)));
    }

    /**
     * Stores a message, then tells its author, as {@link MessageStore#append} would, then all who are in its room. The stage completes after
     * that.
     */
    public CompletionStage<Void> say(Draft draft, BiConsumer<@Nullable Stored, @Nullable Throwable> author) {
        // A duplicate is delivered, too: it may be news here, after a write that seemed to have failed.
        return store.append(draft).whenComplete(author).thenAccept(stored -> deliver(stored.message()));
    }

    private void deliver(ChatMessage message) {
        Room room = rooms.get(message.room());
        if (room != null) {
            delivered.accept(room.deliver(message, store));
        }
    }

    /** Other nodes have stored messages, up to these sequences, in these rooms. */
    public void heardOf(Map<String, Long> news) {
        news.forEach((name, seq) -> {
            Room room = rooms.get(name);
            if (room != null) { // somebody is in
                delivered.accept(room.heardOf(seq, store));
            }
        });
    }

    /** Tells a room what other nodes stored while the first to come in read its history. */
    public void tellNews(String name) {
        Room room = rooms.get(name);
        if (room != null) {
            delivered.accept(room.tellNews(store));
        }
    }

    /** Tells all rooms what their members have been doing beside speaking, since it was told last; never blocks. */
    public void tellActivity(Function<Activity, ByteBuffer> activityEncoder) {
        rooms.values().forEach(room -> room.tellActivity(activityEncoder));
    }

    /** Tells all rooms what they missed. Blocks while it reads; throws a {@link StoreException} if that fails. */
    public void catchUp() {
        rooms.values().forEach(room -> delivered.accept(room.catchUp(store)));
    }
}
