package io.lifecycle4j.benchmarks;

import io.lifecycle4j.CoreDrain;

/**
 * How long a drain outlives the last request: from just before the last {@code leave()} until the thread that waits for it, and
 * was parked, knows. Percentiles are those of the median batch of rounds: a noisy moment of the machine spoils a batch or two.
 */
final class DrainFigure {
    private static final int WARM_UP = 1_000;
    private static final int BATCH = 500;

    private DrainFigure() {}

    static void print(int batches) throws Exception {
        for (int round = 0; round < WARM_UP; round++) {
            microsToDrained();
        }
        Samples medians = new Samples();
        Samples tails = new Samples();
        Samples all = new Samples();
        for (int batch = 0; batch < batches; batch++) {
            Samples samples = new Samples();
            for (int round = 0; round < BATCH; round++) {
                samples.add(microsToDrained());
            }
            medians.add(samples.median());
            tails.add(samples.percentile(99));
            all.addAll(samples);
        }
        Table table = new Table("last leave to drained", "p50", "p99", "p99 of the best batch", "max", "rounds");
        table.row(
                "Lifecycle4j",
                Table.number(medians.median(), 0) + " µs",
                Table.number(tails.median(), 0) + " µs",
                Table.number(tails.percentile(0), 0) + " µs",
                Table.number(all.max(), 0) + " µs",
                String.valueOf(all.count()));
        table.print();
    }

    private static double microsToDrained() throws InterruptedException {
        return CoreDrain.nanosFromLeaveToDrained() / 1e3;
    }
}
