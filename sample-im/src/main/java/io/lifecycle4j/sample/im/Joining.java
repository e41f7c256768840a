package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.MessageStore.Page;
import io.lifecycle4j.sample.im.Protocol.ServerFrame;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client that joins is told: everything that it missed, or, if that is too much or not known, the newest messages.
 *
 * @param recovered whether nothing lies between what the client has and the page
 */
record Joining(Page page, boolean recovered) {
    static final int MOST_MESSAGES = 300;

    // So that 300 long messages do not fill a client's queue with one frame.
    private static final int MOST_CHARACTERS = 100_000;

    /** Reads a room for a client that has all up to a sequence of an epoch; -1 if it has nothing. */
    static Joining read(ChatHub hub, String room, String epoch, long after) {
        if (after >= 0 && epoch.equals(hub.epoch())) {
            Page missed = hub.store().after(room, after, MOST_MESSAGES);
            if (after <= missed.head() && !missed.more() && characters(missed.messages()) <= MOST_CHARACTERS) {
                return new Joining(missed, true);
            }
        }
        return new Joining(fit(hub.store().before(room, Long.MAX_VALUE, MOST_MESSAGES)), false);
    }

    /** Leaves out the oldest messages of a page that is too long; one message always fits. */
    static Page fit(Page page) {
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

    ObjectNode answer(@Nullable JsonNode id, String room, String epoch) {
        return Json.answer(ServerFrame.JOINED, id)
                .put("room", room)
                .put("epoch", epoch)
                .put("head", page.head())
                .put("recovered", recovered)
                .put("more", page.more())
                .set("messages", Json.messages(page.messages()));
    }
}
