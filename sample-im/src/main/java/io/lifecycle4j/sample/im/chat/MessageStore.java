package io.lifecycle4j.sample.im.chat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Where messages live; narrow, so that what lies behind it can be exchanged. Whatever it shows is durable. Thread-safe.
 */
public interface MessageStore {

    /**
     * A message on its way into the store.
     *
     * @param room the room's name
     * @param user who writes it
     * @param clientId the writer's own id for it
     * @param text what it says
     */
    record Draft(String room, String user, String clientId, String text) {}

    /**
     * What became of a draft.
     *
     * @param message as it is stored; for a duplicate as it was stored first
     * @param duplicate whether it had been stored before, by an earlier send of the same user with the same client id
     */
    record Stored(ChatMessage message, boolean duplicate) {}

    /**
     * Some messages of a room, newest last.
     *
     * @param head the room's highest sequence; 0 if it has no message
     * @param messages without a gap
     * @param more whether the limit left some out
     */
    record Page(long head, List<ChatMessage> messages, boolean more) {}

    /**
     * Accepts a message; never blocks. The stage completes on the store's own thread once the message is durable, and
     * exceptionally with a {@link StoreException} when it is not known to be: then it is not stored, or the database did
     * not say so in time. Sending it again with the same client id is safe. In one room, stages of new messages complete
     * in the order of the sequence. What hangs on a stage holds up all others: it must be short.
     *
     * <p>A duplicate may be news to this node all the same: its first send may have been stored by another node, or
     * later than its sender was told that it failed.
     */
    CompletionStage<Stored> append(Draft draft);

    /**
     * The messages of a room with a sequence above {@code after}, oldest first; {@code more} if the limit cut it. Blocks
     * while it reads; throws a {@link StoreException} if that fails.
     */
    Page after(String room, long after, int limit);

    /**
     * The last messages of a room with a sequence below {@code before}, oldest first; {@code Long.MAX_VALUE} asks for the
     * newest; {@code more} if older ones exist. Blocks while it reads; throws a {@link StoreException} if that fails.
     */
    Page before(String room, long before, int limit);

    /**
     * Accepts nothing more and waits until all that was accepted is stored or has failed. What is appended after it was
     * called fails with a {@link StoreException}. Reading goes on working.
     *
     * @return whether that was so within the limit
     */
    boolean finish(Duration limit) throws InterruptedException;
}
