package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.databind.JsonNode;
import io.lifecycle4j.sample.im.Evidence.Message;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one client has of one room, and how it goes on after a reconnect: from its last sequence, or through the history if
 * the server says that it cannot be resumed. Writes down all it is handed as it comes, faults too. Under its client's lock.
 */
final class RoomView {
    private final String room;
    private final List<Message> heard = new ArrayList<>();
    private final List<Message> newest = new ArrayList<>(); // while older ones are fetched
    private final List<Message> older = new ArrayList<>();
    private @Nullable String epoch;
    private long last = -1; // nothing known
    private boolean live;

    RoomView(String room) {
        this.room = room;
    }

    String room() {
        return room;
    }

    @Nullable
    String epoch() {
        return epoch;
    }

    long last() {
        return last;
    }

    boolean isLive() {
        return live;
    }

    List<Message> heard() {
        return heard;
    }

    void disconnected() {
        live = false;
        newest.clear();
        older.clear();
    }

    /** Takes the answer to a join. Returns the sequence before which history is to be asked for; 0 if none is needed. */
    long joined(JsonNode frame) {
        epoch = frame.path("epoch").asText();
        if (last < 0) {
            last = Math.max(0, frame.path("head").asLong());
            add(heard, frame.path("messages"));
            live = true;
            return 0;
        }
        if (frame.path("recovered").asBoolean()) {
            frame.path("messages").forEach(message -> hear(message(message)));
            live = true;
            return 0;
        }
        newest.clear();
        older.clear();
        add(newest, frame.path("messages"));
        return fill(newest.isEmpty() ? last + 1 : newest.get(0).seq());
    }

    /** Takes a page of history, as {@link #joined} does. */
    long history(JsonNode frame) {
        List<Message> page = new ArrayList<>();
        add(page, frame.path("messages"));
        older.addAll(0, page);
        return fill(page.isEmpty() ? last + 1 : page.get(0).seq());
    }

    private long fill(long first) {
        if (first > last + 1) {
            return first;
        }
        older.addAll(newest);
        long had = last; // what comes again is what a page has too much, no fault of the server
        older.stream().filter(message -> message.seq() > had).forEach(this::hear);
        newest.clear();
        older.clear();
        live = true;
        return 0;
    }

    void live(JsonNode frame) {
        if (live) {
            hear(message(frame));
        } else {
            newest.add(message(frame));
        }
    }

    private void hear(Message message) {
        heard.add(message);
        last = Math.max(last, message.seq());
    }

    static void add(List<Message> list, JsonNode messages) {
        messages.forEach(message -> list.add(message(message)));
    }

    private static Message message(JsonNode frame) {
        return new Message(
                frame.path("seq").asLong(),
                frame.path("user").asText(),
                frame.path("text").asText());
    }
}
