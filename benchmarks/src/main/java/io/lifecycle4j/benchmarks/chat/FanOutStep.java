package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.HdrHistogram.Histogram;

/**
 * Messages at one rate of deliveries a second, sent when they are due whatever became of those before, and how long after that
 * each client had each: of those that were due in the time that is measured. What does not come within five seconds is lost.
 */
final class FanOutStep {
    private static final double DELIVERIES_OF_A_MESSAGE =
            (double) FanOutLoad.CLIENTS * FanOutLoad.ROOMS_OF_A_CLIENT / FanOutLoad.ROOMS;
    private static final Duration SETTLE = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long MOST_MICROS = TimeUnit.MINUTES.toMicros(1);
    private static final int DIGITS = 3;

    private final WebSocketClients clients;
    private final int rate;
    private final Duration measured;
    private final ToIntFunction<String> say;
    private final Histogram micros = new Histogram(MOST_MICROS, DIGITS);
    private final CountDownLatch done = new CountDownLatch(1);
    private long start; // all in nanoseconds; from here on, for the thread of the clients, and once done for all
    private long first;
    private long end;
    private long message;
    private long expected;
    private boolean allSaid;

    /**
     * @param say sends a text, and returns how many are to have it
     */
    FanOutStep(WebSocketClients clients, int rate, Duration measured, ToIntFunction<String> say) {
        this.clients = clients;
        this.rate = rate;
        this.measured = measured;
        this.say = say;
    }

    void run() throws InterruptedException {
        clients.execute(() -> {
            start = System.nanoTime();
            first = start + SETTLE.toNanos();
            end = first + measured.toNanos();
            clients.at(first, () -> System.out.println("begin " + rate));
            sayWhatIsDue();
        });
        done.await();
    }

    private void sayWhatIsDue() {
        long now = System.nanoTime();
        long due = due(message);
        while (due <= now && due < end) {
            int members = say.applyAsInt(Stamp.text(TimeUnit.NANOSECONDS.toMicros(due), FanOutLoad.TEXT_BYTES));
            expected += isMeasured(TimeUnit.NANOSECONDS.toMicros(due)) ? members : 0;
            message++;
            due = due(message);
        }
        if (due < end) {
            clients.at(due, this::sayWhatIsDue);
        } else {
            allSaid = true;
            clients.at(end + PATIENCE.toNanos(), done::countDown);
        }
    }

    private long due(long index) {
        return start + (long) (index * DELIVERIES_OF_A_MESSAGE / rate * TimeUnit.SECONDS.toNanos(1));
    }

    /** Takes the times from a frame; false if it hands no message on. */
    boolean read(ByteBuffer frame) {
        long now = TimeUnit.NANOSECONDS.toMicros(System.nanoTime());
        boolean handsOn = Stamp.read(frame, due -> took(due, now)) > 0;
        if (handsOn && allSaid && micros.getTotalCount() == expected) {
            done.countDown();
        }
        return handsOn;
    }

    private void took(long due, long now) {
        if (isMeasured(due)) {
            micros.recordValue(Math.min(now - due, MOST_MICROS));
        }
    }

    private boolean isMeasured(long dueMicros) {
        return dueMicros >= TimeUnit.NANOSECONDS.toMicros(first);
    }

    double p99Millis() {
        return micros.getTotalCount() < expected ? Double.POSITIVE_INFINITY : millis(99);
    }

    /** The rate that was meant, the one that was seen, p50, p99 and the highest in milliseconds, and how many were lost. */
    String result() {
        return rate + " " + (long) (micros.getTotalCount() / (measured.toMillis() / 1e3)) + " " + millis(50) + " "
                + p99Millis() + " " + micros.getMaxValue() / 1e3 + " " + (expected - micros.getTotalCount());
    }

    private double millis(double percentile) {
        return micros.getValueAtPercentile(percentile) / 1e3;
    }
}
