package io.lifecycle4j.benchmarks.chat;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * A process of users who send in turn, at a rate that waits for nobody: a message's latency counts from when it was meant to be
 * sent, so that a server that stalls is not spared. Says how long the acknowledgements took.
 */
final class SendingCrowd extends ImCrowd {
    private static final String TEXT = "fifty bytes of text, as CometD's own figures have";
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final long rate;
    private final long warm;
    private final long end;
    private final Histogram latency = new Histogram(3);
    private final Histogram lateness = new Histogram(3);
    private long start;
    private long sent;
    private long acknowledged;
    private long declined;
    private long messages;

    private SendingCrowd(int port, int count, int rooms, long rate, long warmSeconds, long seconds)
            throws IOException, InterruptedException {
        super(port, count, rooms);
        this.rate = rate;
        this.warm = rate * warmSeconds;
        this.end = warm + rate * seconds;
    }

    public static void main(String[] arguments) throws Exception {
        int[] numbers = new int[arguments.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Integer.parseInt(arguments[i]);
        }
        SendingCrowd crowd = new SendingCrowd(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        crowd.sockets().execute(crowd::connect);
    }

    @Override
    void allJoined() {
        start = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        sockets().at(start, this::send);
    }

    private long due(long number) {
        return start + number * TimeUnit.SECONDS.toNanos(1) / rate;
    }

    private void send() {
        while (sent < end && due(sent) - System.nanoTime() <= 0) {
            if (sent == warm) {
                System.out.println("measuring");
            }
            lateness.recordValue(TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - due(sent)));
            clients().get((int) (sent % clients().size())).say(sent, TEXT);
            sent++;
        }
        if (sent < end) {
            sockets().at(due(sent), this::send);
        } else {
            System.out.println("all sent");
            sockets().after(PATIENCE, () -> {
                throw new IllegalStateException(sent - acknowledged - declined + " messages without an answer after "
                        + PATIENCE.toSeconds() + " s");
            });
        }
    }

    @Override
    public void acknowledged(long id) {
        acknowledged++;
        if (id >= warm) {
            latency.recordValue(TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - due(id)));
        }
        reportAtEnd();
    }

    @Override
    public void declined() {
        declined++;
        reportAtEnd();
    }

    private void reportAtEnd() {
        if (acknowledged + declined == end) {
            System.out.printf(
                    "result %d %d %d %d %d %d %d%n",
                    latency.getValueAtPercentile(50),
                    latency.getValueAtPercentile(99),
                    latency.getValueAtPercentile(99.9),
                    latency.getMaxValue(),
                    lateness.getValueAtPercentile(99),
                    declined,
                    messages);
            System.exit(0);
        }
    }

    @Override
    public void notJoined() {} // it tries again, and nobody sends before all have joined

    @Override
    public void message() {
        messages++;
    }

    @Override
    public void told(ImClient client) {
        throw new IllegalStateException("the server goes away");
    }

    @Override
    public void gone(ImClient client, boolean joined, int code, String reason) {
        throw new IllegalStateException("closed: " + code + " " + reason);
    }

    @Override
    void returned(boolean recovered) {
        throw new IllegalStateException("nobody was away");
    }
}
