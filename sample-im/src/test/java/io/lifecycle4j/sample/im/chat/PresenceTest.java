package io.lifecycle4j.sample.im.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.protocol.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PresenceTest {
    private static final long HEAD = 1_000;

    private final Room room = new Room("room", Json::encodeMessage);
    private final List<Activity> told = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();

    @Test
    void aReceiptForWhatAClientWasNotSentIsNotBelieved() {
        Membership ann = enter("ann");
        ann.seen(HEAD);
        ann.seen(HEAD + 1);
        tell();
        assertThat(told).containsExactly(new Activity("room", List.of("ann"), null, Map.of("ann", HEAD)));
    }

    @Test
    void nothingIsHandedOnToAClientThatHasLeft() {
        Membership ann = enter("ann");
        room.remove(ann);
        ann.tell(frame("activity"));
        ann.deliver(HEAD + 1, frame("message"));
        assertThat(heard).containsExactly("joined of ann");
    }

    @Test
    void aStormIsToldOnceAndNothingTwice() {
        Membership ann = enter("ann");
        for (int i = 0; i < 1_000; i++) {
            room.remove(enter("bob " + i));
            ann.typing();
            ann.seen(i);
        }
        tell();
        tell();
        assertThat(told).containsExactly(new Activity("room", List.of("ann"), Set.of("ann"), Map.of("ann", 999L)));
        assertThat(heard).containsExactly("joined of ann", "activity to ann");
    }

    @Test
    void whoComesIsToldOfAllThatHaveReadAndTheOthersOfWhatIsNew() {
        enter("ann").seen(3);
        tell();
        enter("bob").seen(2);
        tell();
        enter("bob").seen(4); // a second window
        tell();
        assertThat(told)
                .containsExactly(
                        new Activity("room", List.of("ann"), null, Map.of("ann", 3L)),
                        new Activity("room", List.of("ann", "bob"), null, Map.of("ann", 3L, "bob", 2L)),
                        new Activity("room", List.of("ann", "bob"), null, Map.of("ann", 3L, "bob", 4L)));
    }

    @Test
    void whatIsStoredIsToldAndDoesNotUndoWhatWasReadSince() {
        enter("ann").seen(7);
        room.presence().stored(Map.of("ann", 5L, "bob", 3L));
        tell();
        assertThat(told).containsExactly(new Activity("room", List.of("ann"), null, Map.of("ann", 7L, "bob", 3L)));
    }

    @Test
    void aReceiptForWhatWasReadBeforeIsNoNews() {
        Membership ann = enter("ann");
        ann.seen(3);
        tell();
        ann.seen(3);
        ann.seen(2);
        tell();
        assertThat(told).hasSize(1);
    }

    @Test
    void ofALargeRoomNothingIsToldButThatItIsLarge() {
        List<Membership> members =
                IntStream.range(0, 50).mapToObj(i -> enter("user " + i)).toList();
        tell();
        assertThat(told.get(0).here()).hasSize(50);
        Membership last = enter("one more");
        tell();
        assertThat(told.get(1)).isEqualTo(new Activity("room", List.of(), null, null));
        members.forEach(Membership::typing);
        members.forEach(member -> member.seen(1));
        room.remove(enter("another"));
        tell();
        assertThat(told).hasSize(2);
        room.remove(last);
        tell();
        assertThat(told.get(2).here()).hasSize(50);
        assertThat(told.get(2).typing()).isNull();
    }

    @Test
    void whoIsStillReadingTheHistoryIsToldAfterwards() {
        Membership ann = membership("ann");
        room.add(ann);
        tell();
        assertThat(heard).isEmpty();
        ann.begin(HEAD, frame("joined of ann"));
        tell();
        assertThat(heard).containsExactly("joined of ann", "activity to ann");
    }

    private void tell() {
        room.tellActivity(activity -> {
            told.add(activity);
            return frame("activity");
        });
    }

    private Membership enter(String user) {
        Membership membership = membership(user);
        room.add(membership);
        membership.begin(HEAD, frame("joined of " + user));
        return membership;
    }

    private Membership membership(String user) {
        return new Membership(room, user, frame -> hear(user, frame), () -> {});
    }

    private void hear(String user, ByteBuffer frame) {
        String text = StandardCharsets.UTF_8.decode(frame.duplicate()).toString();
        if (user.equals("ann")) {
            heard.add(text.equals("activity") ? "activity to ann" : text);
        }
    }

    private static ByteBuffer frame(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
