package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import io.lifecycle4j.benchmarks.Samples;
import io.lifecycle4j.benchmarks.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many messages a second a chat hands on, and how soon, at one rate after another; each chat and its clients in two fresh
 * processes, the chats in turn. A rate's deliveries are its messages times the members of a room.
 */
public final class FanOutFigure {
    private static final Duration LIFETIME = Duration.ofMinutes(4);

    private record Step(Samples p50, Samples p99, Samples serverCores, Samples clientCores) {
        Step() {
            this(new Samples(), new Samples(), new Samples(), new Samples());
        }
    }

    private final Map<ChatServer, Map<Integer, Step>> steps = new EnumMap<>(ChatServer.class);
    private final Map<ChatServer, Samples> best = new EnumMap<>(ChatServer.class);
    private final Duration measured;
    private final List<Integer> rates;

    private FanOutFigure(Duration measured, List<Integer> rates) {
        this.measured = measured;
        this.rates = rates;
    }

    /** Prints it; each rate is measured for so many seconds, in so many rounds. */
    public static void print(String jar, int rounds, int seconds, List<Integer> rates) throws Exception {
        FanOutFigure figure = new FanOutFigure(Duration.ofSeconds(seconds), rates);
        for (int round = 1; round <= rounds; round++) {
            for (ChatServer server : ChatServer.CHOSEN) {
                System.err.println("chat-fanout: round " + round + " of " + rounds + ", " + server);
                Path data = Files.createTempDirectory("im");
                figure.measure(server, jar, data);
                SampleServer.delete(data);
            }
        }
        figure.print();
    }

    private void measure(ChatServer chat, String jar, Path data) throws IOException {
        double highest = 0;
        try (ChildJvm server = chat.start(jar, data);
                ChildJvm load = FanOutLoad.start(chat, chat.port(server), measured, rates, LIFETIME)) {
            Duration serverBefore = Duration.ZERO;
            Duration loadBefore = Duration.ZERO;
            String line = load.awaitLine("");
            while (!line.startsWith("done") && !line.startsWith("broken")) {
                if (line.startsWith("begin")) {
                    serverBefore = server.cpuTime();
                    loadBefore = load.cpuTime();
                } else {
                    System.err.println("chat-fanout: " + line);
                    String[] result = line.split(" ", -1);
                    Step step = steps.computeIfAbsent(chat, none -> new TreeMap<>())
                            .computeIfAbsent(Integer.valueOf(result[1]), none -> new Step());
                    step.p50.add(Double.parseDouble(result[3]));
                    step.p99.add(Double.parseDouble(result[4]));
                    step.serverCores.add(cores(serverBefore, server.cpuTime()));
                    step.clientCores.add(cores(loadBefore, load.cpuTime()));
                    if (Double.parseDouble(result[4]) <= FanOutLoad.MOST_P99_MILLIS) {
                        highest = Double.parseDouble(result[2]);
                    }
                }
                line = load.awaitLine("");
            }
            System.err.println("chat-fanout: " + line);
        }
        best.computeIfAbsent(chat, none -> new Samples()).add(highest);
    }

    private double cores(Duration before, Duration after) {
        return (double) after.minus(before).toMillis() / measured.toMillis();
    }

    private void print() {
        Table table = new Table(
                "deliveries a second", "chat", "p50, ms", "p99, ms", "cores: server", "cores: clients", "rounds");
        for (int rate : rates) {
            steps.forEach((chat, done) -> {
                Step step = done.get(rate);
                if (step != null) {
                    table.row(
                            String.valueOf(rate),
                            chat.words(),
                            Table.number(step.p50.median(), 1),
                            Table.number(step.p99.median(), 1),
                            Table.number(step.serverCores.median(), 2),
                            Table.number(step.clientCores.median(), 2),
                            String.valueOf(step.p50.count()));
                }
            });
        }
        table.print();
        Table highest = new Table(
                "deliveries a second at p99 <= " + Table.number(FanOutLoad.MOST_P99_MILLIS, 0) + " ms",
                "median",
                "most",
                "rounds");
        best.forEach((chat, samples) -> highest.row(
                chat.words(),
                Table.number(samples.median(), 0),
                Table.number(samples.max(), 0),
                String.valueOf(samples.count())));
        highest.print();
    }
}
