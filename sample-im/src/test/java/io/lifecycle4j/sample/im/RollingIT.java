package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.Evidence.Exit;
import io.lifecycle4j.sample.im.cli.DurationConverter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes on one database, restarted in turn while clients go on talking. {@code docs/chaos.md} tells how to run more of it. */
@Timeout(600)
@DisabledOnOs(OS.WINDOWS) // has no kill
final class RollingIT {
    private static final Duration KILL_AND_END = Duration.ofMillis(500);
    private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(25);
    private static final Duration LONGEST_AWAY = Duration.ofSeconds(2);
    private static final int NODES = 2;

    /** By default each node is restarted once. */
    private final ChaosSettings settings = ChaosSettings.fromProperties(1);

    private final List<Integer> ports = ChaosRun.freePorts(2 * NODES + 2);
    private final int balancerPort = ports.get(2 * NODES);
    private final int databasePort = ports.get(2 * NODES + 1);
    private final List<Exit> exits = new ArrayList<>();
    private final Set<Integer> stopped = new HashSet<>();
    private final ImProcess[] nodes = new ImProcess[NODES];
    private final int[] numbers = new int[NODES];

    @TempDir
    Path folder;

    @Test
    void nodesThatAreRestartedInTurnLoseAndDoubleNothingAndCutNobody() throws Exception {
        List<Integer> addresses = List.of(at(0).port(), at(1).port());
        try (DatabaseProcess database = new DatabaseProcess(folder, databasePort).start();
                Crowd crowd = crowd(addresses)) {
            Map<String, String> environment = Map.of("IM_MONGO_URI", database.uri(""));
            start(crowd, 0, environment);
            start(crowd, 1, environment);
            crowd.connect();
            crowd.awaitReady();
            for (int restart = 0; restart < settings.cycles() * NODES; restart++) {
                crowd.awaitTalking();
                stop(restart % NODES, DEFAULT_LIMIT);
                start(crowd, restart % NODES, environment);
            }
            crowd.awaitTalking();
            assertThat(judge("rolling", crowd, DEFAULT_LIMIT)).isEmpty();
        } finally {
            close();
        }
    }

    @Test
    void behindABalancerNodesThatAreRestartedInTurnLoseAndDoubleNothingAndCutNobody() throws Exception {
        HaProxy.assumeInstalled();
        Map<String, String> environment = new LinkedHashMap<>();
        for (String name : List.of("IM_ANNOUNCE_DELAY", "IM_SHUTDOWN_TIMEOUT")) {
            environment.put(name, DeployFiles.environment("compose.yaml").getOrDefault(name, "missing"));
        }
        Duration limit = new DurationConverter().convert(environment.getOrDefault("IM_SHUTDOWN_TIMEOUT", ""));
        try (DatabaseProcess database = new DatabaseProcess(folder, databasePort).start();
                Crowd crowd = crowd(List.of(balancerPort))) {
            environment.put("IM_MONGO_URI", database.uri(""));
            start(crowd, 0, environment);
            start(crowd, 1, environment);
            try (HaProxy balancer = HaProxy.start(folder, balancerPort, List.of(at(0), at(1)))) {
                stopped.add(crowd.serverStarts(balancerPort));
                crowd.connect();
                crowd.awaitReady();
                for (int restart = 0; restart < settings.cycles() * NODES; restart++) {
                    int seat = restart % NODES;
                    crowd.awaitTalking();
                    stop(seat, limit);
                    start(crowd, seat, environment);
                    balancer.awaitBack(seat, restart / NODES + 1);
                }
                crowd.awaitTalking();
                assertThat(judge("rolling-balancer", crowd, limit)).isEmpty();
            }
        } finally {
            close();
        }
    }

    private Crowd crowd(List<Integer> addresses) {
        return new Crowd(addresses, settings.clients(), settings.sendsPerSecond(), new Random(settings.seed()));
    }

    private HaProxy.Node at(int seat) {
        return new HaProxy.Node(ports.get(2 * seat), ports.get(2 * seat + 1));
    }

    private void start(Crowd crowd, int seat, Map<String, String> environment) throws Exception {
        HaProxy.Node at = at(seat);
        numbers[seat] = crowd.serverStarts(at.port());
        nodes[seat] = ImProcess.start(
                        environment,
                        folder,
                        "--port",
                        String.valueOf(at.port()),
                        "--admin-port",
                        String.valueOf(at.adminPort()))
                .awaitRunning();
    }

    private void stop(int seat, Duration shutdownTimeout) throws Exception {
        stopped.add(numbers[seat]);
        long asked = System.nanoTime();
        nodes[seat].signal("TERM");
        int status = nodes[seat].awaitStatus();
        Duration took = Duration.ofNanos(System.nanoTime() - asked);
        exits.add(new Exit("TERM", status, Set.of(0), took, shutdownTimeout.plus(KILL_AND_END)));
    }

    private List<String> judge(String name, Crowd crowd, Duration shutdownTimeout) throws Exception {
        List<String> faults = new ArrayList<>();
        if (!crowd.settles()) {
            crowd.unsettled().forEach(client -> faults.add("has not come to rest: " + client));
        }
        crowd.leave();
        stop(0, shutdownTimeout);
        List<Evidence.Witness> witnesses = crowd.witnesses();
        // Each build prints how long clients had to wait; a long run, on a machine with nothing else to do, judges it.
        Duration longestAway = settings.cycles() > 1 ? LONGEST_AWAY : Evidence.ANY_TIME;
        Verdict verdict = Judge.judge(
                new Evidence(witnesses, ChaosRun.readBack(nodes[1].address(), witnesses), stopped, exits, longestAway));
        faults.addAll(verdict.faults());
        faults.addAll(crowd.failures());
        Map<String, Object> figures = new LinkedHashMap<>(verdict.figures());
        figures.put("reconnects", crowd.reconnects());
        figures.put("told to try again", crowd.refusals());
        figures.put("broken off", crowd.broken());
        String text = name + ", seed " + settings.seed() + ": " + new Verdict(faults, figures);
        System.out.println(text);
        Files.writeString(Files.createDirectories(Path.of("target", "chaos")).resolve(name + ".txt"), text + "\n");
        return faults;
    }

    private void close() {
        for (ImProcess node : nodes) {
            if (node != null) {
                node.close();
            }
        }
    }
}
