package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import io.lifecycle4j.benchmarks.Samples;
import io.lifecycle4j.benchmarks.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * One TERM at the sample while many sessions are open: until all are told and gone; and, if it is started again on the same port
 * and data as soon as the old process is gone, until all are back in their rooms. Clients' times are as the clients see them.
 */
public final class Restarts {
    private static final int ROOM = 100;
    private static final long SETTLE_MILLIS = 2_000;

    private final Map<String, Samples> times = new LinkedHashMap<>();
    private final Map<String, Integer> notes = new TreeMap<>();

    private Restarts() {}

    /** Measures and prints how the sessions end. */
    public static void printDrain(String jar, int rounds, int count) throws Exception {
        Restarts restarts = new Restarts();
        for (int round = 1; round <= rounds; round++) {
            System.err.println("drain: round " + round + " of " + rounds);
            try (SampleServer server = SampleServer.start(jar);
                    ChildJvm crowd = server.crowd(WaitingCrowd.class, count, count / ROOM, "away")) {
                restarts.drain(server, crowd);
            }
        }
        restarts.print();
    }

    /** Measures and prints how the sessions end, and how they come back. */
    public static void printStorm(String jar, int rounds, int count) throws Exception {
        Restarts restarts = new Restarts();
        for (int round = 1; round <= rounds; round++) {
            System.err.println("storm: round " + round + " of " + rounds);
            try (SampleServer server = SampleServer.start(jar);
                    ChildJvm crowd = server.crowd(WaitingCrowd.class, count, count / ROOM, "back")) {
                Instant term = restarts.drain(server, crowd);
                try (SampleServer next = server.startAgain()) {
                    restarts.add("new process running", term, next.runningAt());
                    restarts.add("first back in its room", term, crowd.awaitInstant("first back "));
                    restarts.add("half back", term, crowd.awaitInstant("half back "));
                    restarts.add("all back", term, crowd.awaitInstant("all back "));
                    restarts.note(crowd.awaitLine("recovered "));
                }
            }
        }
        restarts.print();
    }

    private Instant drain(SampleServer server, ChildJvm crowd) throws Exception {
        crowd.awaitLine("all joined");
        Thread.sleep(SETTLE_MILLIS);
        Instant term = server.process().terminate();
        Instant gone = server.process().awaitGone(0);
        add("first told", term, crowd.awaitInstant("first told "));
        add("all told", term, crowd.awaitInstant("last told "));
        add("all gone", term, crowd.awaitInstant("all gone "));
        add("process gone", term, gone);
        note(crowd.awaitLine("codes "));
        return term;
    }

    private void add(String what, Instant term, Instant then) {
        times.computeIfAbsent(what, unused -> new Samples())
                .add(Duration.between(term, then).toMillis() / 1e3);
    }

    private void note(String line) {
        notes.merge(line, 1, Integer::sum);
    }

    private void print() {
        Table table = new Table("TERM to, s", "median", "max", "rounds");
        times.forEach((what, samples) -> table.row(what, samples, 2));
        table.print();
        System.out.println("What the clients saw, and in how many rounds: " + notes);
    }
}
