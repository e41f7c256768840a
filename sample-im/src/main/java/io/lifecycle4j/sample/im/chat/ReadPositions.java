package io.lifecycle4j.sample.im.chat;

import java.util.Map;
import java.util.function.Consumer;

/** How far users have read the rooms, as it is stored. Thread-safe. */
@FunctionalInterface
public interface ReadPositions {

    /**
     * Hands on up to which sequence users have read a room: those who have read furthest, so many at most. Never blocks; the reader is called
     * later, on another thread, where it may read from the store, and never if the database does not answer or too many wait already.
     */
    void read(String room, int most, Consumer<Map<String, Long>> reader);
}
