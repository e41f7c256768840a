package io.lifecycle4j.sample.im.chat;

import java.time.Instant;

/**
 * A stored message. Thousands are kept, so it is of few objects.
 *
 * @param room the room's name
 * @param seq its place in the room: 1, 2, 3 … without a gap
 * @param user who wrote it
 * @param clientId the writer's own id for it, unique per user: a message sent again is stored once
 * @param text what it says
 * @param createdAt when it was stored, in milliseconds
 */
public record ChatMessage(String room, long seq, String user, String clientId, String text, Instant createdAt) {

    public static String id(String room, long seq) {
        return room + "/" + seq;
    }

    /** Its id in the whole store. */
    public String id() {
        return id(room, seq);
    }
}
