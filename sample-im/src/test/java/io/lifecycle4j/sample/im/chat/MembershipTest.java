package io.lifecycle4j.sample.im.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.protocol.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MembershipTest {
    private final List<String> told = new ArrayList<>();
    private final Membership membership = new Membership(
            new Room("room", Json::encodeMessage),
            "ann",
            frame -> told.add(StandardCharsets.UTF_8.decode(frame.duplicate()).toString()),
            () -> {});

    @Test
    void whatIsSaidBeforeTheHistoryIsReadComesBehindItUnlessItIsPartOfIt() {
        deliver(3, 4, 5, 6);
        assertThat(told).isEmpty();
        assertThat(membership.begin(4, frame("joined"))).isTrue();
        assertThat(told).containsExactly("joined", "5", "6");
        deliver(7);
        assertThat(told).containsExactly("joined", "5", "6", "7");
    }

    @Test
    void whatTheClientHasIsNotToldAgain() {
        membership.begin(4, frame("joined"));
        deliver(4, 5, 5, 3, 6);
        assertThat(told).containsExactly("joined", "5", "6");
    }

    @Test
    void aJoinDuringWhichTooMuchIsSaidIsDeclined() {
        for (int i = 1; i <= 1_002; i++) {
            deliver(i);
        }
        assertThat(membership.begin(0, frame("joined"))).isFalse();
        assertThat(told).isEmpty();
    }

    @Test
    void aJoinDuringWhichMessagesCameOutOfTheirOrderIsDeclined() {
        deliver(5, 7, 6); // the sixth is another node's
        assertThat(membership.begin(4, frame("joined"))).isFalse();
        assertThat(told).isEmpty();
    }

    @Test
    void aJoinThatReadItsHistoryBeforeAnotherOneThatBeganFirstIsDeclinedUnlessItHeardTheRest() {
        assertThat(membership.room().reached(6)).isEqualTo(6); // another one's, who read later
        assertThat(membership.begin(4, frame("joined"))).isFalse();
        assertThat(told).isEmpty();
        deliver(5, 6);
        assertThat(membership.begin(4, frame("joined"))).isTrue();
        assertThat(told).containsExactly("joined", "5", "6");
    }

    private void deliver(long... sequences) {
        for (long seq : sequences) {
            membership.deliver(seq, frame(String.valueOf(seq)));
        }
    }

    private static ByteBuffer frame(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
