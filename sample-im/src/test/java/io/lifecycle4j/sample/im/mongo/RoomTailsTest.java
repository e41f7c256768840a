package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class RoomTailsTest {
    private final RoomTails tails = new RoomTails();

    @Test
    void holdsWhatWasAddedInOrder() {
        add(1, 3);
        assertThat(tails.head("room")).isEqualTo(3);
        assertThat(tails.slice("room", 2, 3)).isEqualTo(messages(2, 3));
        assertThat(tails.slice("room", 1, 4)).isNull();
        assertThat(tails.head("other")).isNull();
    }

    @Test
    void ignoresWhatItKnowsAndBeginsAnewBehindAGap() {
        add(1, 3);
        add(2, 2);
        assertThat(tails.slice("room", 1, 3)).isEqualTo(messages(1, 3));
        add(7, 8);
        assertThat(tails.head("room")).isEqualTo(8);
        assertThat(tails.slice("room", 7, 8)).isEqualTo(messages(7, 8));
        assertThat(tails.slice("room", 3, 8)).isNull();
    }

    @Test
    void takesWhatWasReadIfItJoinsWhatIsHeld() {
        tails.advance("room", 10);
        tails.fill("room", messages(5, 8));
        assertThat(tails.slice("room", 5, 8)).isNull();
        tails.fill("room", messages(8, 10));
        tails.fill("room", messages(4, 8));
        assertThat(tails.slice("room", 4, 10)).isEqualTo(messages(4, 10));
        tails.fill("room", List.of(message(1, "x"), message(3, "x")));
        assertThat(tails.slice("room", 3, 10)).isNull();
    }

    @Test
    void forgetsTheTailThatNoLongerEndsAtTheHead() {
        add(1, 3);
        tails.advance("room", 3);
        assertThat(tails.slice("room", 1, 3)).isEqualTo(messages(1, 3));
        tails.advance("room", 4);
        assertThat(tails.slice("room", 1, 3)).isNull();
        tails.forget(List.of("room"));
        assertThat(tails.head("room")).isNull();
    }

    @Test
    void holdsTheLastThreeHundredAndFewerIfTheyAreLong() {
        add(1, 400);
        assertThat(tails.slice("room", 101, 400)).hasSize(300);
        assertThat(tails.slice("room", 100, 400)).isNull();
        tails.add(message(401, "x".repeat(99_990)));
        assertThat(tails.slice("room", 401, 401)).hasSize(1);
        assertThat(tails.slice("room", 385, 401)).isNull();
    }

    @Test
    void holdsTheRoomsThatWereUsedLast() {
        for (int i = 0; i <= 1_000; i++) {
            tails.add(new ChatMessage("room" + i, 1, "ann", "1", "hello", Instant.EPOCH));
            assertThat(tails.slice("room0", 1, 1)).hasSize(1);
        }
        assertThat(tails.slice("room1", 1, 1)).isNull();
        assertThat(tails.head("room1")).isEqualTo(1);
        assertThat(tails.slice("room2", 1, 1)).hasSize(1);
    }

    private void add(long from, long to) {
        messages(from, to).forEach(tails::add);
    }

    private static List<ChatMessage> messages(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .mapToObj(seq -> message(seq, "text " + seq))
                .toList();
    }

    private static ChatMessage message(long seq, String text) {
        return new ChatMessage("room", seq, "ann", "c" + seq, text, Instant.EPOCH);
    }
}
