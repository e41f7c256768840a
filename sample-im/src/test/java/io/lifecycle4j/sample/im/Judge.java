package io.lifecycle4j.sample.im;

import io.lifecycle4j.sample.im.Evidence.Ack;
import io.lifecycle4j.sample.im.Evidence.Close;
import io.lifecycle4j.sample.im.Evidence.Exit;
import io.lifecycle4j.sample.im.Evidence.Message;
import io.lifecycle4j.sample.im.Evidence.Send;
import io.lifecycle4j.sample.im.Evidence.Witness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Holds what clients were told against what is stored. Trusts nobody: not the acknowledgement, not the sequence, not the
 * history.
 */
final class Judge {
    private static final int ABNORMAL = 1006;
    private static final Set<Integer> GOING_AWAY = Set.of(1001, 1012);

    private record Key(String user, String text) {}

    private final Evidence evidence;
    private final List<String> faults = new ArrayList<>();
    private final Map<Key, Send> sends = new HashMap<>();

    private Judge(Evidence evidence) {
        this.evidence = evidence;
        for (Witness witness : evidence.witnesses()) {
            for (Send send : witness.sends()) {
                sends.put(new Key(witness.user(), send.text()), send);
            }
        }
    }

    static Verdict judge(Evidence evidence) {
        Judge judge = new Judge(evidence);
        evidence.stored().forEach(judge::checkStored);
        evidence.witnesses().forEach(judge::checkWitness);
        evidence.exits().forEach(judge::checkExit);
        return new Verdict(List.copyOf(judge.faults), judge.figures());
    }

    /** 1, 2, 3 … without a gap; each of them sent, as it was sent, and once. */
    private void checkStored(String room, List<Message> messages) {
        Set<Key> seen = new HashSet<>();
        long expected = 1;
        for (Message message : messages) {
            if (message.seq() != expected) {
                fault("stored in %s: sequence %d where %d was expected".formatted(room, message.seq(), expected));
            }
            expected = message.seq() + 1;
            Key key = new Key(message.user(), message.text());
            if (!seen.add(key)) {
                fault("stored twice in %s: %s".formatted(room, message));
            }
            Send send = sends.get(key);
            if (send == null || !send.room().equals(room)) {
                fault("stored in %s, but never sent so: %s".formatted(room, message));
            }
        }
    }

    private void checkWitness(Witness witness) {
        checkAcks(witness);
        witness.heard().forEach((room, messages) -> checkHeard(witness.user(), room, messages));
        witness.unanswered()
                .forEach(clientId ->
                        fault("%s: no answer to %s, however often sent".formatted(witness.user(), clientId)));
        witness.refused().forEach(refusal -> fault("%s: refused for good: %s".formatted(witness.user(), refusal)));
        for (Duration away : witness.away()) {
            if (away.compareTo(evidence.longestAway()) > 0) {
                fault("%s: without service for %s beyond the time it was told to stay away (expected: at most %s)"
                        .formatted(witness.user(), away, evidence.longestAway()));
            }
        }
        for (Close close : witness.closes()) {
            boolean expected = close.code() == ABNORMAL
                    ? !evidence.stoppedCleanly().contains(close.server())
                    : GOING_AWAY.contains(close.code());
            if (!expected) {
                fault("%s: closed with %d by server %d".formatted(witness.user(), close.code(), close.server()));
            }
        }
    }

    /** What is acknowledged is stored, at that place; and always acknowledged with the same one. */
    private void checkAcks(Witness witness) {
        Map<String, Ack> first = new HashMap<>();
        Map<String, String> texts = new HashMap<>();
        witness.sends().forEach(send -> texts.put(send.clientId(), send.text()));
        for (Ack ack : witness.acks()) {
            Ack before = first.putIfAbsent(ack.clientId(), ack);
            if (before != null && before.seq() != ack.seq()) {
                fault("%s: acknowledged twice, differently: %s, then %s".formatted(witness.user(), before, ack));
            }
            Message stored = at(ack.room(), ack.seq());
            if (stored == null) {
                fault("%s: acknowledged, but lost: %s".formatted(witness.user(), ack));
            } else if (!stored.user().equals(witness.user()) || !stored.text().equals(texts.get(ack.clientId()))) {
                fault("%s: acknowledged, but another message is in its place: %s, %s"
                        .formatted(witness.user(), ack, stored));
            }
        }
    }

    /** One after another from the first one heard to the last one stored, each the one that is stored: so all hear alike. */
    private void checkHeard(String user, String room, List<Message> messages) {
        List<Message> stored = evidence.stored().getOrDefault(room, List.of());
        long expected = messages.isEmpty() ? 1 : messages.get(0).seq(); // who has heard nothing has missed all
        for (Message message : messages) {
            if (message.seq() != expected) {
                fault("%s heard in %s: %d where %d was expected".formatted(user, room, message.seq(), expected));
            }
            expected = message.seq() + 1;
            if (!message.equals(at(room, message.seq()))) {
                fault("%s heard in %s what is not stored there: %s".formatted(user, room, message));
            }
        }
        if (expected != stored.size() + 1L) {
            fault("%s heard in %s only what is before %d; stored are %d"
                    .formatted(user, room, expected, stored.size()));
        }
    }

    private @Nullable Message at(String room, long seq) {
        List<Message> stored = evidence.stored().getOrDefault(room, List.of());
        return seq < 1 || seq > stored.size() ? null : stored.get((int) seq - 1);
    }

    private void checkExit(Exit exit) {
        if (!exit.expected().contains(exit.status())) {
            fault("%s: exit with status %d (expected: %s)".formatted(exit.how(), exit.status(), exit.expected()));
        }
        if (exit.took().compareTo(exit.limit()) > 0) {
            fault("%s: exit after %s (expected: within %s)".formatted(exit.how(), exit.took(), exit.limit()));
        }
    }

    private void fault(String what) {
        faults.add(what);
    }

    private Map<String, Object> figures() {
        List<Witness> witnesses = evidence.witnesses();
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("clients", witnesses.size());
        figures.put("sends", sends.size());
        figures.put("acks", count(witnesses.stream().map(Witness::acks).toList()));
        figures.put(
                "duplicates answered",
                witnesses.stream()
                        .flatMap(witness -> witness.acks().stream())
                        .filter(Ack::duplicate)
                        .count());
        figures.put("stored", count(evidence.stored().values()));
        figures.put(
                "heard",
                witnesses.stream()
                        .mapToLong(witness -> count(witness.heard().values()))
                        .sum());
        Map<Integer, Integer> codes = new TreeMap<>();
        witnesses.forEach(witness -> witness.closes().forEach(close -> codes.merge(close.code(), 1, (a, b) -> a + b)));
        figures.put("connections ended", codes);
        List<Long> away = witnesses.stream()
                .flatMap(witness -> witness.away().stream())
                .map(Duration::toMillis)
                .sorted()
                .toList();
        figures.put(
                "without service beyond the time it was told to stay away, median and longest",
                away.isEmpty() ? "never" : away.get(away.size() / 2) + " ms, " + away.get(away.size() - 1) + " ms");
        Map<String, Integer> ends = new TreeMap<>();
        evidence.exits().forEach(exit -> ends.merge(exit.how() + " -> " + exit.status(), 1, (a, b) -> a + b));
        figures.put("exits", ends);
        figures.put(
                "longest exit",
                evidence.exits().stream()
                                .map(Exit::took)
                                .max(Comparator.naturalOrder())
                                .orElse(Duration.ZERO)
                                .toMillis()
                        + " ms");
        return figures;
    }

    private static long count(Iterable<? extends List<?>> lists) {
        long count = 0;
        for (List<?> list : lists) {
            count += list.size();
        }
        return count;
    }
}
