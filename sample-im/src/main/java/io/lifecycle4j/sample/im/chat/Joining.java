package io.lifecycle4j.sample.im.chat;

import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import java.util.List;

/**
 * What a client that joins is told: everything that it missed, or, if that is too much or not known, the newest messages.
 *
 * @param recovered whether nothing lies between what the client has and the page
 */
public record Joining(Page page, boolean recovered) {
    public static final int MOST_MESSAGES = 300;

    // This keeps 300 long messages from filling a client's queue with one frame.
    private static final int MOST_CHARACTERS = 100_000;

    /**
     * Reads a room for a client.
     *
     * @param sameHistory whether the client knows this database's history
     * @param after the sequence up to which it has all; not looked at without the same history
     */
    public static Joining read(MessageStore store, String room, boolean sameHistory, long after) {
        if (sameHistory) {
            Page missed = store.after(room, after, MOST_MESSAGES);
            if (after <= missed.head() && !missed.more() && characters(missed.messages()) <= MOST_CHARACTERS) {
                return new Joining(missed, true);
            }
        }
        return new Joining(fit(store.before(room, Long.MAX_VALUE, MOST_MESSAGES)), false);
    }

    /** Leaves out the oldest messages of a page that is too long; one message always fits. */
    public static Page fit(Page page) {
        List<ChatMessage> messages = page.messages();
        long characters = 0;
        for (int i = messages.size() - 1; i >= 0; i--) {
            characters += messages.get(i).text().length();
            if (characters > MOST_CHARACTERS) {
                return new Page(page.head(), messages.subList(i + 1, messages.size()), true);
            }
        }
        return page;
    }

    private static long characters(List<ChatMessage> messages) {
        return messages.stream().mapToLong(message -> message.text().length()).sum();
    }
}
