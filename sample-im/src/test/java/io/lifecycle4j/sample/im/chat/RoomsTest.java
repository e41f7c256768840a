package io.lifecycle4j.sample.im.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

final class RoomsTest {

    @Test
    void anAuthorIsToldOnceThatAMessageIsStoredAlthoughItsRoomCannotBeTold() {
        Rooms rooms = new Rooms(
                new Durable(),
                (room, most, reader) -> {},
                message -> {
                    throw new IllegalStateException("cannot be encoded");
                },
                count -> {});
        rooms.enter("room", "ann", frame -> {}, () -> {}).begin(0, ByteBuffer.allocate(0));
        List<String> told = new ArrayList<>();

        CompletionStage<Void> said = rooms.say(
                new Draft("room", "ann", "c1", "text"),
                (stored, failure) -> told.add(stored == null ? "not stored" : "stored"));

        assertThat(said.toCompletableFuture()).isCompletedExceptionally();
        assertThat(told).containsExactly("stored");
    }

    private static final class Durable implements MessageStore {
        @Override
        public CompletionStage<Stored> append(Draft draft) {
            ChatMessage message =
                    new ChatMessage(draft.room(), 1, draft.user(), draft.clientId(), draft.text(), Instant.EPOCH);
            return CompletableFuture.completedStage(new Stored(message, false));
        }

        @Override
        public Page after(String room, long after, int limit) {
            return new Page(0, List.of(), false);
        }

        @Override
        public Page before(String room, long before, int limit) {
            return new Page(0, List.of(), false);
        }

        @Override
        public boolean finish(Duration limit) {
            return true;
        }
    }
}
