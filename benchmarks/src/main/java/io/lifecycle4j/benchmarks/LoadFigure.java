package io.lifecycle4j.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the gate costs under load: the same trivial handler on bare Jetty, behind Jetty's GracefulHandler and behind ours, under
 * {@code wrk} with keep-alive connections. In each round the three servers live side by side and are loaded in turn, several times;
 * each ratio is to the bare server's window right beside. The server's CPU time for a request bears other load on the machine better
 * than what wrk sees.
 */
final class LoadFigure {
    private static final int CONNECTIONS = 32;
    private static final int WINDOWS = 4;
    private static final int WARM_UP_SECONDS = 6;
    private static final int WINDOW_SECONDS = 3;
    private static final Pattern P99 = Pattern.compile("\\s99%\\s+([0-9.]+)(us|ms|s)");
    private static final Pattern REQUESTS = Pattern.compile("([0-9]+) requests in");
    private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([0-9.]+)");

    private enum Server {
        BARE("bare", "bare Jetty"),
        GRACEFUL("graceful", "Jetty, GracefulHandler"),
        OURS("app", "**Lifecycle4j**");

        private final String argument;
        private final String words;

        Server(String argument, String words) {
            this.argument = argument;
            this.words = words;
        }

        ChildJvm start() throws IOException {
            return ChildJvm.readingStdout(
                    List.of("-cp", System.getProperty("java.class.path"), JettyPeer.class.getName(), argument),
                    Peer.LIFETIME);
        }
    }

    private record Load(double perSecond, double p99Millis, double cpuMicros) {}

    private record Loads(
            Samples perSecond, Samples ratio, Samples p99, Samples p99Ratio, Samples cpu, Samples cpuRatio) {
        Loads() {
            this(new Samples(), new Samples(), new Samples(), new Samples(), new Samples(), new Samples());
        }

        void add(Load load, Load bare) {
            perSecond.add(load.perSecond());
            ratio.add(load.perSecond() / bare.perSecond());
            p99.add(load.p99Millis());
            p99Ratio.add(load.p99Millis() / bare.p99Millis());
            cpu.add(load.cpuMicros());
            cpuRatio.add(load.cpuMicros() / bare.cpuMicros());
        }
    }

    private LoadFigure() {}

    static void print(int rounds) throws Exception {
        Map<Server, Loads> all = new EnumMap<>(Server.class);
        for (Server server : Server.values()) {
            all.put(server, new Loads());
        }
        for (int round = 1; round <= rounds; round++) {
            System.err.println("load: round " + round + " of " + rounds);
            round(all);
        }
        Table table = new Table(
                "trivial handler, " + CONNECTIONS + " connections",
                "requests/s",
                "of bare",
                "p99, ms",
                "of bare",
                "CPU a request, µs",
                "of bare",
                "windows");
        all.forEach((server, loads) -> table.row(
                server.words,
                Table.number(loads.perSecond().median(), 0),
                Table.number(loads.ratio().median(), 3),
                Table.number(loads.p99().median(), 2),
                Table.number(loads.p99Ratio().median(), 2),
                Table.number(loads.cpu().median(), 2),
                Table.number(loads.cpuRatio().median(), 3),
                String.valueOf(loads.ratio().count())));
        table.print();
    }

    private static void round(Map<Server, Loads> all) throws Exception {
        try (ChildJvm bare = Server.BARE.start();
                ChildJvm graceful = Server.GRACEFUL.start();
                ChildJvm ours = Server.OURS.start()) {
            Map<Server, Target> targets = new EnumMap<>(Server.class);
            targets.put(Server.BARE, new Target(bare, StopFigures.warmPort(bare)));
            targets.put(Server.GRACEFUL, new Target(graceful, StopFigures.warmPort(graceful)));
            targets.put(Server.OURS, new Target(ours, StopFigures.warmPort(ours)));
            for (Target target : targets.values()) {
                load(target, WARM_UP_SECONDS);
            }
            List<Map.Entry<Server, Target>> order = new ArrayList<>(targets.entrySet());
            for (int window = 0; window < WINDOWS; window++) {
                Collections.rotate(order, 1);
                Map<Server, Load> loads = new EnumMap<>(Server.class);
                for (Map.Entry<Server, Target> entry : order) {
                    loads.put(entry.getKey(), load(entry.getValue(), WINDOW_SECONDS));
                }
                loads.forEach((server, load) ->
                        all.getOrDefault(server, new Loads()).add(load, loads.getOrDefault(Server.BARE, load)));
            }
        }
    }

    private record Target(ChildJvm server, int port) {}

    private static Load load(Target target, int seconds) throws IOException, InterruptedException {
        Duration before = target.server().cpuTime();
        Process wrk = new ProcessBuilder(
                        "wrk",
                        "-t1",
                        "-c" + CONNECTIONS,
                        "-d" + seconds + "s",
                        "--latency",
                        "http://127.0.0.1:" + target.port() + "/")
                .redirectErrorStream(true)
                .start();
        String output;
        try (BufferedReader reader = wrk.inputReader()) {
            output = String.join("\n", reader.lines().toList());
        }
        wrk.waitFor();
        Matcher p99 = P99.matcher(output);
        if (!p99.find() || output.contains("Non-2xx") || output.contains("Socket errors")) {
            throw new IllegalStateException("wrk said: " + output);
        }
        double unit = switch (p99.group(2)) {
            case "us" -> 1e-3;
            case "ms" -> 1;
            default -> 1e3;
        };
        Duration cpu = target.server().cpuTime().minus(before);
        double cpuMicros = cpu.toNanos() / 1e3 / number(REQUESTS, output);
        return new Load(number(RATE, output), Double.parseDouble(p99.group(1)) * unit, cpuMicros);
    }

    private static double number(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        if (!matcher.find()) {
            throw new IllegalStateException("wrk said: " + output);
        }
        return Double.parseDouble(matcher.group(1));
    }
}
