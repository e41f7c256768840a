package io.lifecycle4j.sample.im.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.protocol.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class RoomTest {
    private final Room room = new Room("room", Json::encodeMessage);
    private final Stored store = new Stored();
    private final List<String> told = new ArrayList<>();
    private int sentAway;

    private void enter(long head) {
        Membership membership = new Membership(
                room,
                "ann",
                frame -> told.add(StandardCharsets.UTF_8
                        .decode(frame.duplicate())
                        .toString()
                        .replaceAll(".*\"seq\":(\\d+).*", "$1")),
                () -> sentAway++);
        room.add(membership);
        membership.begin(head, StandardCharsets.UTF_8.encode("joined"));
    }

    private void deliver(long... sequences) {
        for (long seq : sequences) {
            store.head = Math.max(store.head, seq);
            room.deliver(message(seq), store);
        }
    }

    @Test
    void aMessageThatWasStoredUnnoticedIsToldBeforeTheNextOne() {
        enter(4);
        deliver(5, 8);
        assertThat(told).containsExactly("joined", "5", "6", "7", "8");
        assertThat(store.reads).isEqualTo(1);
    }

    @Test
    void whatWasToldIsNotToldAgainWhateverOrderItComesIn() {
        enter(0);
        deliver(1, 3, 2, 3, 1, 4);
        assertThat(told).containsExactly("joined", "1", "2", "3", "4");
    }

    @Test
    void whoIsMissingSomethingThatCannotBeReadIsSentAwayAndSeesNoGap() {
        enter(4);
        store.away = true;
        deliver(8, 9);
        assertThat(told).containsExactly("joined");
        assertThat(sentAway).isEqualTo(1);
        store.away = false;
        enter(9);
        deliver(10);
        assertThat(told).containsExactly("joined", "joined", "10");
    }

    @Test
    void whoIsMissingMoreThanAPageIsSentAway() {
        enter(4);
        deliver(4 + Joining.MOST_MESSAGES + 1);
        assertThat(told).containsExactly("joined");
        assertThat(sentAway).isEqualTo(1);
    }

    @Test
    void aRoomThatCatchesUpTellsWhatItsMembersDoNotHave() {
        enter(4);
        store.head = 6;
        assertThat(room.catchUp(store)).isEqualTo(2);
        assertThat(room.catchUp(store)).isZero();
        assertThat(told).containsExactly("joined", "5", "6");
    }

    @Test
    void whatAnotherNodeStoredIsReadAndToldEvenIfItCameBeforeTheFirstMemberHadItsHistory() {
        assertThat(room.heardOf(6, store)).isZero();
        store.head = 6;
        enter(5);
        assertThat(room.tellNews(store)).isEqualTo(1);
        store.head = 7;
        assertThat(room.heardOf(7, store)).isEqualTo(1);
        assertThat(room.heardOf(7, store)).isZero();
        assertThat(told).containsExactly("joined", "6", "7");
    }

    private static ChatMessage message(long seq) {
        return new ChatMessage("room", seq, "ann", "c" + seq, "text", Instant.EPOCH);
    }

    private static final class Stored implements MessageStore {
        private long head;
        private boolean away;
        private int reads;

        @Override
        public Page after(String name, long after, int limit) {
            reads++;
            if (away) {
                throw new StoreException("away", null);
            }
            List<ChatMessage> messages = LongStream.rangeClosed(after + 1, Math.min(head, after + limit))
                    .mapToObj(RoomTest::message)
                    .toList();
            return new Page(head, messages, head > after + limit);
        }

        @Override
        public CompletionStage<MessageStore.Stored> append(Draft draft) {
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
