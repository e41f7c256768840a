package io.lifecycle4j.benchmarks;

import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * One TERM at a server with many WebSocket sessions, of Jetty's API or of a servlet: until the first and the last client has been told, until the last connection
 * is gone, both as the clients see it, and until the server has stopped; at the adapter's default pace.
 */
final class SessionsFigure {
    private static final long SETTLE_MILLIS = 1_000;

    private SessionsFigure() {}

    static void print(int rounds, int count) throws Exception {
        print("sessions", rounds, count);
        print("servlet-sessions", rounds, count);
    }

    private static void print(String kind, int rounds, int count) throws Exception {
        Samples first = new Samples();
        Samples last = new Samples();
        Samples gone = new Samples();
        Samples stopped = new Samples();
        Map<String, Integer> codes = new TreeMap<>();
        for (int round = 1; round <= rounds; round++) {
            System.err.println(kind + ": round " + round + " of " + rounds);
            try (ChildJvm server = Peer.OURS.start(kind);
                    ChildJvm crowd = Crowd.start("sessions", StopFigures.warmPort(server), count)) {
                crowd.awaitLine("connected");
                Thread.sleep(SETTLE_MILLIS);
                Instant term = server.terminate();
                stopped.add(StopFigures.millis(term, server.awaitInstant("stopped ")));
                server.awaitGone(Peer.OURS.exitStatus());
                first.add(StopFigures.millis(term, crowd.awaitInstant("first told ")));
                last.add(StopFigures.millis(term, crowd.awaitInstant("last told ")));
                gone.add(StopFigures.millis(term, crowd.awaitInstant("gone ")));
                codes.merge(crowd.awaitLine("codes ").replace("codes ", ""), 1, Integer::sum);
            }
        }
        Table table = new Table(kind + ": TERM to, ms", "median", "max", "rounds");
        table.row("first session told", first, 0);
        table.row("all " + count + " told", last, 0);
        table.row("all gone", gone, 0);
        table.row("server stopped", stopped, 0);
        table.print();
        System.out.println("Close codes, and in how many rounds: " + codes);
    }
}
