package io.lifecycle4j.benchmarks;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link GateBenchmark} in rounds, each way of counting once a round in a JVM of its own, so that a noisy minute of the
 * machine meets them all; prints medians over the rounds. Ratios are taken within a round.
 */
final class GateFigure {
    private static final String UNIT = "atomicLong";

    /** One way of counting at one number of threads, and what the rounds gave. */
    private record Row(String method, String name, Samples nanos, Samples ratio, Samples bytes) {
        Row(String method, String name) {
            this(method, name, new Samples(), new Samples(), new Samples());
        }

        void add(Collection<RunResult> results) {
            double score = score(results, method);
            nanos.add(score);
            ratio.add(score / score(results, UNIT));
            bytes.add(Objects.requireNonNull(
                            result(results, method).getSecondaryResults().get("gc.alloc.rate.norm"))
                    .getScore());
        }
    }

    private GateFigure() {}

    static void print(int rounds) throws RunnerException {
        Table table = new Table("enter + leave", "threads", "ns/op", "times `AtomicLong`", "B/op");
        for (int threads = 1; threads <= 2; threads++) {
            for (Row row : measure(threads, rounds)) {
                table.row(
                        row.name(),
                        String.valueOf(threads),
                        Table.number(row.nanos().median(), 1),
                        Table.number(row.ratio().median(), 2),
                        Table.number(row.bytes().median(), 1));
            }
        }
        table.print();
    }

    private static List<Row> measure(int threads, int rounds) throws RunnerException {
        List<Row> rows = List.of(
                new Row("lifecycle4j", "Lifecycle4j: striped counters"),
                new Row(UNIT, "one `AtomicLong`"),
                new Row("undertow", "compare-and-set with a shutdown bit (Undertow)"),
                new Row("armeria", "`LongAdder` and the last response's time (Armeria)"),
                new Row("jetty", "`AtomicLong` and wrappers (Jetty)"));
        for (int round = 1; round <= rounds; round++) {
            System.err.println("gate: threads " + threads + ", round " + round + " of " + rounds);
            Collection<RunResult> results = new Runner(new OptionsBuilder()
                            .include(GateBenchmark.class.getName())
                            .threads(threads)
                            .addProfiler(GCProfiler.class)
                            .verbosity(VerboseMode.SILENT)
                            .shouldFailOnError(true)
                            .build())
                    .run();
            rows.forEach(row -> row.add(results));
        }
        return rows;
    }

    private static double score(Collection<RunResult> results, String method) {
        return result(results, method).getPrimaryResult().getScore();
    }

    private static RunResult result(Collection<RunResult> results, String method) {
        return results.stream()
                .filter(result -> result.getPrimaryResult().getLabel().equals(method))
                .findFirst()
                .orElseThrow();
    }
}
