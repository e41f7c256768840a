package io.lifecycle4j.benchmarks;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppState;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * How long a drain outlives the last request: from just before the last {@code leave()} until the shutdown, which was parked, is
 * seen to have gone on from DRAIN to STOP. Every round is a whole shutdown of an app of its own. Percentiles are those of the
 * median batch of rounds: a noisy moment of the machine spoils a batch or two.
 */
final class DrainFigure {
    private static final int WARM_UP = 1_000;
    private static final int BATCH = 500;
    private static final long LONG_ENOUGH_TO_PARK = TimeUnit.MILLISECONDS.toNanos(2);

    private DrainFigure() {}

    static void print(int batches) throws Exception {
        ((Logger) LoggerFactory.getLogger("io.lifecycle4j")).setLevel(Level.OFF);
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

    private static double microsToDrained() throws Exception {
        AppBuilder builder = App.builder("drain");
        RequestGate gate = builder.gate("requests");
        App app = builder.build();
        app.start();
        if (!gate.tryEnter()) {
            throw new IllegalStateException("the gate is closed already");
        }
        app.requestShutdown("measured");
        while (!gate.isClosed()) {
            Thread.onSpinWait();
        }
        LockSupport.parkNanos(LONG_ENOUGH_TO_PARK);
        long start = System.nanoTime();
        gate.leave();
        while (app.phase() == Phase.DRAIN) {
            Thread.onSpinWait();
        }
        double micros = (System.nanoTime() - start) / 1e3;
        app.close();
        if (app.state() != AppState.STOPPED) {
            throw new IllegalStateException("not stopped");
        }
        return micros;
    }
}
