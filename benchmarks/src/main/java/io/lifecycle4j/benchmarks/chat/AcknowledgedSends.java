package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import io.lifecycle4j.benchmarks.Samples;
import io.lifecycle4j.benchmarks.Table;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long a sender waits for the acknowledgement, which the sample gives when the message is durable, at rates that wait for
 * nobody; each message goes to ten clients, too.
 */
public final class AcknowledgedSends {
    private static final int CLIENTS = 1_000;
    private static final int ROOMS = 100;
    private static final int WARM_SECONDS = 30;
    private static final int SECONDS = 20;

    private AcknowledgedSends() {}

    private static final class Results {
        private final Samples p50 = new Samples();
        private final Samples p99 = new Samples();
        private final Samples p999 = new Samples();
        private final Samples max = new Samples();
        private final Samples late = new Samples();
        private final Samples server = new Samples();
        private final Samples crowd = new Samples();
        private long declined;

        private void add(String line, Duration serverTime, Duration crowdTime) {
            String[] numbers = line.split(" ", -1);
            p50.add(millis(numbers[1]));
            p99.add(millis(numbers[2]));
            p999.add(millis(numbers[3]));
            max.add(millis(numbers[4]));
            late.add(millis(numbers[5]));
            declined += Long.parseLong(numbers[6]);
            server.add(cores(serverTime));
            crowd.add(cores(crowdTime));
        }

        private static double millis(String micros) {
            return Long.parseLong(micros) / 1e3;
        }

        private static double cores(Duration used) {
            return used.toMillis() / 1e3 / SECONDS;
        }
    }

    /** Measures and prints. */
    public static void print(String jar, int rounds, List<Integer> rates) throws Exception {
        Map<Integer, Results> results = new TreeMap<>();
        for (int round = 1; round <= rounds; round++) {
            for (int rate : rates) {
                System.err.println("sends: round " + round + " of " + rounds + ", " + rate + " a second");
                measure(jar, rate, results.computeIfAbsent(rate, unused -> new Results()));
            }
        }
        Table table = new Table(
                "acknowledged sends a second",
                "p50, ms",
                "p99, ms",
                "p99.9, ms",
                "max, ms",
                "declined",
                "sent late by, p99, ms",
                "server, cores",
                "clients, cores",
                "rounds");
        results.forEach((rate, result) -> table.row(
                String.valueOf(rate),
                number(result.p50),
                number(result.p99),
                number(result.p999),
                number(result.max),
                String.valueOf(result.declined),
                number(result.late),
                Table.number(result.server.median(), 2),
                Table.number(result.crowd.median(), 2),
                String.valueOf(rounds)));
        table.print();
    }

    private static void measure(String jar, int rate, Results results) throws Exception {
        try (SampleServer server = SampleServer.start(jar);
                ChildJvm crowd = server.crowd(SendingCrowd.class, CLIENTS, ROOMS, rate, WARM_SECONDS, SECONDS)) {
            crowd.awaitLine("measuring");
            Duration serverBefore = server.process().cpuTime();
            Duration crowdBefore = crowd.cpuTime();
            crowd.awaitLine("all sent");
            Duration serverTime = server.process().cpuTime().minus(serverBefore);
            Duration crowdTime = crowd.cpuTime().minus(crowdBefore);
            results.add(crowd.awaitLine("result"), serverTime, crowdTime);
        }
    }

    private static String number(Samples samples) {
        return Table.number(samples.median(), 1);
    }
}
