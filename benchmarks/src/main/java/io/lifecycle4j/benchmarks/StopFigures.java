package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * How long servers take to stop, side by side: with idle keep-alive connections, from TERM on; and with one request in flight,
 * from the end of its response on. Each measurement has a server process of its own that has served a few requests before.
 */
final class StopFigures {
    private static final int WARM_UP = 100;
    private static final long SETTLE_MILLIS = 500;
    private static final long SLOW_MILLIS = 2_000;
    private static final long BEFORE_TERM_MILLIS = 300;
    private static final long LEAST_MILLIS_IN_FLIGHT = 500;

    /** Times in milliseconds until the server has said that it has stopped, and until its process was gone. */
    private record Stops(Samples stopped, Samples gone) {
        Stops() {
            this(new Samples(), new Samples());
        }

        void add(Instant start, Instant stoppedAt, Instant goneAt) {
            stopped.add(millis(start, stoppedAt));
            gone.add(millis(start, goneAt));
        }
    }

    private StopFigures() {}

    static void printIdle(int rounds, List<Integer> crowds) throws Exception {
        List<Map<Peer, Stops>> columns = new ArrayList<>();
        for (int crowd : crowds) {
            columns.add(measured(rounds, crowd + " idle", (peer, stops) -> stopIdle(peer, crowd, stops)));
        }
        List<String> heads = crowds.stream().map(crowd -> crowd + " idle").toList();
        print("TERM to server stopped, ms: median (min–max)", heads, columns, Stops::stopped);
        print("TERM to process gone, ms: median (min–max)", heads, columns, Stops::gone);
    }

    static void printInFlight(int rounds) throws Exception {
        List<Map<Peer, Stops>> column = List.of(measured(rounds, "in flight", StopFigures::stopInFlight));
        print("last response's end, ms: median (min–max)", List.of("to server stopped"), column, Stops::stopped);
        print("last response's end, ms: median (min–max)", List.of("to process gone"), column, Stops::gone);
    }

    private interface Measurement {
        void run(Peer peer, Stops stops) throws Exception;
    }

    private static Map<Peer, Stops> measured(int rounds, String what, Measurement measurement) throws Exception {
        Map<Peer, Stops> all = new EnumMap<>(Peer.class);
        for (int round = 1; round <= rounds; round++) {
            for (Peer peer : Peer.CHOSEN) {
                System.err.println(what + ": round " + round + " of " + rounds + ", " + peer);
                measurement.run(peer, all.computeIfAbsent(peer, key -> new Stops()));
            }
        }
        return all;
    }

    private static void stopIdle(Peer peer, int crowd, Stops stops) throws Exception {
        try (ChildJvm server = peer.start()) {
            int port = warmPort(server);
            try (ChildJvm clients = Crowd.start("idle", port, crowd)) {
                clients.awaitLine("connected");
                Thread.sleep(SETTLE_MILLIS);
                Instant start = server.terminate();
                stops.add(start, server.awaitInstant("stopped "), server.awaitGone(peer.exitStatus()));
            }
        }
    }

    private static void stopInFlight(Peer peer, Stops stops) throws Exception {
        try (ChildJvm server = peer.start();
                HttpConnection connection = HttpConnection.to(warmPort(server))) {
            connection.send("/slow?millis=" + SLOW_MILLIS, "");
            server.awaitLine("slow");
            Thread.sleep(BEFORE_TERM_MILLIS);
            Instant term = server.terminate();
            connection.receive(200);
            Instant end = Instant.now();
            if (millis(term, end) < LEAST_MILLIS_IN_FLIGHT) {
                throw new IllegalStateException("in flight for " + millis(term, end) + " ms (expected: >= "
                        + LEAST_MILLIS_IN_FLIGHT + "; is the machine busy?)");
            }
            connection.awaitEnd();
            stops.add(end, server.awaitInstant("stopped "), server.awaitGone(peer.exitStatus()));
        }
    }

    static int warmPort(ChildJvm server) throws IOException {
        int port = Integer.parseInt(server.awaitLine("listening ").replaceFirst(".*listening ", ""));
        try (HttpConnection connection = HttpConnection.to(port)) {
            for (int i = 0; i < WARM_UP; i++) {
                connection.get("/");
            }
        }
        return port;
    }

    static double millis(Instant start, Instant end) {
        return Duration.between(start, end).toNanos() / 1e6;
    }

    private static String cell(Samples samples) {
        int decimals = samples.median() < 100 ? 1 : 0;
        return Table.number(samples.median(), decimals) + " (" + Table.number(samples.percentile(0), decimals) + "–"
                + Table.number(samples.max(), decimals) + ")";
    }

    private static void print(
            String title, List<String> heads, List<Map<Peer, Stops>> columns, Function<Stops, Samples> which) {
        List<String> head = new ArrayList<>(List.of(title));
        head.addAll(heads);
        head.add("rounds");
        Table table = new Table(head.toArray(String[]::new));
        for (Peer peer : Peer.CHOSEN) {
            List<String> row = new ArrayList<>(List.of(peer.words()));
            int rounds = 0;
            for (Map<Peer, Stops> column : columns) {
                Samples samples = which.apply(column.getOrDefault(peer, new Stops()));
                row.add(cell(samples));
                rounds = samples.count();
            }
            row.add(String.valueOf(rounds));
            table.row(row.toArray(String[]::new));
        }
        table.print();
    }
}
