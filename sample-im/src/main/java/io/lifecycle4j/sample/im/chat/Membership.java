package io.lifecycle4j.sample.im.chat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One session in one room: which messages it has. It enters the room first and reads the history then, so what is said
 * meanwhile is kept for it, and no message falls between the two. Thread-safe.
 */
public final class Membership {
    private static final int MOST_EARLY = 1_000;

    private record Early(long seq, ByteBuffer frame) {}

    private final Room room;
    private final String user;
    private final Consumer<ByteBuffer> client;
    private final Runnable sendAway;
    private @Nullable List<Early> early = new ArrayList<>(); // until it begins; under this
    private long sent; // under this
    private boolean ended; // under this

    /**
     * @param user whose session it is
     * @param client takes frames, never blocks
     * @param sendAway ends the connection of a client that is to come back
     */
    public Membership(Room room, String user, Consumer<ByteBuffer> client, Runnable sendAway) {
        this.room = room;
        this.user = user;
        this.client = client;
        this.sendAway = sendAway;
    }

    public Room room() {
        return room;
    }

    String user() {
        return user;
    }

    /** Its user is writing something. */
    public void typing() {
        room.presence().typing(user);
    }

    /** Its user has seen the room up to a sequence; the others are told only if the client has been sent that much. */
    public void seen(long seq) {
        synchronized (this) {
            if (early != null || seq > sent) {
                return;
            }
        }
        room.presence().seen(user, seq);
    }

    /** Nothing is handed on any more. */
    synchronized void end() {
        ended = true;
    }

    void sendAway() {
        sendAway.run();
    }

    /**
     * Sends the history up to the head, then what was said meanwhile; false if that was more than is kept, or not all of
     * it.
     */
    public boolean begin(long head, ByteBuffer joined) {
        long reached = room.reached(head); // its lock is taken before ours, never after
        boolean begun = begin(head, reached, joined);
        if (begun) {
            room.presence().moved();
        }
        return begun;
    }

    private synchronized boolean begin(long head, long reached, ByteBuffer joined) {
        List<Early> kept = early;
        if (kept == null || kept.size() > MOST_EARLY || hasGap(head, kept, reached)) {
            return false;
        }
        early = null;
        sent = head;
        client.accept(joined);
        kept.forEach(each -> deliver(each.seq(), each.frame()));
        return true;
    }

    // Another node's message may come later than one of this node's that follows it; or never, if somebody who read the
    // history later than this client was the first to begin.
    private static boolean hasGap(long head, List<Early> kept, long reached) {
        long last = head;
        for (Early each : kept) {
            if (each.seq() > last + 1) {
                return true;
            }
            last = Math.max(last, each.seq());
        }
        return last < reached;
    }

    /** Hands on a frame that is no message; a client that has not begun is told later. */
    synchronized void tell(ByteBuffer frame) {
        if (early == null && !ended) {
            client.accept(frame);
        }
    }

    /** Hands on a message, unless the client has it. */
    synchronized void deliver(long seq, ByteBuffer frame) {
        if (early != null) {
            if (early.size() <= MOST_EARLY) {
                early.add(new Early(seq, frame));
            }
        } else if (seq > sent && !ended) {
            sent = seq;
            client.accept(frame);
        }
    }
}
