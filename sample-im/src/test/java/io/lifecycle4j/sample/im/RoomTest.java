package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class RoomTest {
    private final List<Long> asked = new ArrayList<>();
    private final Room room = new Room("room");

    @Test
    void aMessageThatWasStoredUnnoticedIsToldBeforeTheNextOne() {
        room.reached(4);
        assertThat(room.deliver(message(5), store())).isZero(); // nobody is in
        assertThat(asked).isEmpty();
        room.deliver(message(8), store());
        assertThat(asked).containsExactly(6L, 7L);
    }

    @Test
    void aRoomOfWhichNothingIsKnownAsksForNothing() {
        room.deliver(message(8), store());
        room.deliver(message(7), store()); // a duplicate
        room.deliver(message(9), store());
        assertThat(asked).isEmpty();
    }

    @Test
    void aDatabaseThatDoesNotAnswerHoldsNoMessageBack() {
        room.reached(4);
        room.deliver(message(8), new Reading() {
            @Override
            public Page after(String name, long after, int limit) {
                throw new StoreException("away", null);
            }
        });
        room.deliver(message(9), store());
        assertThat(asked).isEmpty();
    }

    private MessageStore store() {
        return new Reading() {
            @Override
            public Page after(String name, long after, int limit) {
                List<ChatMessage> messages = LongStream.rangeClosed(after + 1, after + limit)
                        .peek(asked::add)
                        .mapToObj(RoomTest::message)
                        .toList();
                return new Page(after + limit, messages, false);
            }
        };
    }

    private static ChatMessage message(long seq) {
        return new ChatMessage("room", seq, "room/" + seq, "ann", "c" + seq, "text", Instant.EPOCH);
    }

    private abstract static class Reading implements MessageStore {
        @Override
        public CompletionStage<Stored> append(Draft draft) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Page before(String name, long before, int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean finish(Duration limit) {
            throw new UnsupportedOperationException();
        }
    }
}
