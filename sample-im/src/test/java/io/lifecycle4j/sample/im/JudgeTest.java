package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.Evidence.Ack;
import io.lifecycle4j.sample.im.Evidence.Close;
import io.lifecycle4j.sample.im.Evidence.Exit;
import io.lifecycle4j.sample.im.Evidence.Message;
import io.lifecycle4j.sample.im.Evidence.Send;
import io.lifecycle4j.sample.im.Evidence.Witness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A run without fault is acquitted; each kind of fault, put into it alone, is condemned by name. */
class JudgeTest {
    private static final String ROOM = "lobby";
    private static final Message ONE = new Message(1, "ann", "hello");
    private static final Message TWO = new Message(2, "bob", "hi");
    private static final Message THREE = new Message(3, "ann", "bye");

    private final List<Send> annSends =
            new ArrayList<>(List.of(new Send("a1", ROOM, "hello"), new Send("a2", ROOM, "bye")));
    private final List<Ack> annAcks =
            new ArrayList<>(List.of(new Ack("a1", ROOM, 1, false), new Ack("a2", ROOM, 3, false)));
    private final List<Message> annHeard = new ArrayList<>(List.of(ONE, TWO, THREE));
    private final List<Message> bobHeard = new ArrayList<>(List.of(TWO, THREE)); // came later
    private final List<Message> stored = new ArrayList<>(List.of(ONE, TWO, THREE));
    private final List<Close> closes = new ArrayList<>(List.of(new Close(1, 1012), new Close(2, 1006)));
    private final List<String> unanswered = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final List<Duration> away = new ArrayList<>(List.of(Duration.ofSeconds(2)));
    private final List<Exit> exits = new ArrayList<>(List.of(exit("TERM", 0, 3), exit("KILL", 137, 1)));

    @Test
    void aRunWithoutFaultIsAcquittedWithItsFigures() {
        annAcks.add(new Ack("a2", ROOM, 3, true));
        Verdict verdict = verdict();
        assertThat(verdict.isClean()).isTrue();
        assertThat(verdict).hasToString("""
                CLEAN
                  clients: 2
                  sends: 3
                  acks: 4
                  duplicates answered: 1
                  stored: 3
                  heard: 5
                  connections ended: {1006=1, 1012=1}
                  without service beyond the time it was told to stay away, median and longest: 2000 ms, 2000 ms
                  exits: {KILL -> 137=1, TERM -> 0=1}
                  longest exit: 3000 ms""");
    }

    @Test
    void aLostAcknowledgedMessageIsCondemned() {
        stored.remove(THREE);
        annHeard.remove(THREE);
        bobHeard.remove(THREE);
        assertCondemned("ann: acknowledged, but lost: Ack[clientId=a2, room=lobby, seq=3, duplicate=false]");
    }

    @Test
    void anAcknowledgedMessageWhoseSequenceAnotherOneHasIsCondemned() {
        annAcks.set(1, new Ack("a2", ROOM, 2, false));
        assertCondemned("ann: acknowledged, but another message is in its place: "
                + "Ack[clientId=a2, room=lobby, seq=2, duplicate=false], " + TWO);
    }

    @Test
    void aMessageAcknowledgedWithTwoSequencesIsCondemned() {
        annAcks.add(new Ack("a2", ROOM, 1, true));
        assertThat(verdict().faults())
                .anyMatch(fault -> fault.startsWith("ann: acknowledged twice, differently: Ack[clientId=a2"));
    }

    @Test
    void aGapInTheStoreIsCondemned() {
        stored.set(2, new Message(4, "ann", "bye"));
        assertThat(verdict().faults()).contains("stored in lobby: sequence 4 where 3 was expected");
    }

    @Test
    void aGapInWhatAClientHeardIsCondemned() {
        annHeard.remove(TWO);
        assertCondemned("ann heard in lobby: 3 where 2 was expected");
    }

    @Test
    void aClientThatDoesNotHearTheLastOnesIsCondemned() {
        bobHeard.remove(THREE);
        assertCondemned("bob heard in lobby only what is before 3; stored are 3");
    }

    @Test
    void aClientThatHearsNothingOfWhatIsStoredIsCondemned() {
        bobHeard.clear();
        assertCondemned("bob heard in lobby only what is before 1; stored are 3");
    }

    @Test
    void aMessageStoredTwiceIsCondemned() {
        Message again = new Message(4, "ann", "bye");
        stored.add(again);
        annHeard.add(again);
        bobHeard.add(again);
        assertCondemned("stored twice in lobby: " + again);
    }

    @Test
    void aMessageHeardTwiceIsCondemned() {
        annHeard.add(2, TWO);
        assertCondemned("ann heard in lobby: 2 where 3 was expected");
    }

    @Test
    void anotherOrderAtOneClientIsCondemned() {
        annHeard.set(0, new Message(1, "bob", "hi"));
        annHeard.set(1, new Message(2, "ann", "hello"));
        assertCondemned(
                "ann heard in lobby what is not stored there: Message[seq=1, user=bob, text=hi]",
                "ann heard in lobby what is not stored there: Message[seq=2, user=ann, text=hello]");
    }

    @Test
    void aStoredMessageThatNobodySentSoIsCondemned() {
        annSends.set(1, new Send("a2", "elsewhere", "bye"));
        assertCondemned("stored in lobby, but never sent so: " + THREE);
    }

    @Test
    void anAbnormalCloseOnACleanStopIsCondemned() {
        closes.set(0, new Close(1, 1006));
        assertCondemned("ann: closed with 1006 by server 1");
    }

    @Test
    void anyOtherCloseIsCondemnedAfterAKillToo() {
        closes.set(1, new Close(2, 1011));
        assertCondemned("ann: closed with 1011 by server 2");
    }

    @Test
    void aSendWithoutAnyAnswerIsCondemned() {
        unanswered.add("a3");
        assertCondemned("ann: no answer to a3, however often sent");
    }

    @Test
    void aRefusalForGoodIsCondemned() {
        refused.add("nack forbidden for a3");
        assertCondemned("ann: refused for good: nack forbidden for a3");
    }

    @Test
    void aWrongStatusAndALateExitAreCondemned() {
        exits.add(exit("TERM", 1, 3));
        exits.add(exit("TERM", 0, 26));
        assertCondemned("TERM: exit with status 1 (expected: [0])", "TERM: exit after PT26S (expected: within PT25S)");
    }

    @Test
    void aClientThatWasWithoutServiceForTooLongIsCondemned() {
        away.add(Duration.ofMillis(2_001));
        assertCondemned("ann: without service for PT2.001S beyond the time it was told to stay away"
                + " (expected: at most PT2S)");
    }

    private static Exit exit(String how, int status, int seconds) {
        int expected = how.equals("KILL") ? 137 : 0;
        return new Exit(how, status, Set.of(expected), Duration.ofSeconds(seconds), Duration.ofSeconds(25));
    }

    private void assertCondemned(String... faults) {
        assertThat(verdict().faults()).containsExactlyInAnyOrder(faults);
        assertThat(verdict().toString()).startsWith("CONDEMNED, faults: " + faults.length + "\n");
    }

    private Verdict verdict() {
        Witness ann = new Witness("ann", annSends, annAcks, Map.of(ROOM, annHeard), unanswered, refused, closes, away);
        Witness bob = new Witness(
                "bob",
                List.of(new Send("b1", ROOM, "hi")),
                List.of(new Ack("b1", ROOM, 2, false)),
                Map.of(ROOM, bobHeard),
                List.of(),
                List.of(),
                List.of(),
                List.of());
        Map<String, List<Message>> all = new LinkedHashMap<>();
        all.put(ROOM, stored);
        return Judge.judge(new Evidence(List.of(ann, bob), all, Set.of(1), exits, Duration.ofSeconds(2)));
    }
}
