package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import io.lifecycle4j.sample.im.Evidence.Exit;
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

/** Two nodes on one database, restarted in turn while clients that know both addresses go on talking. */
@Timeout(600)
@DisabledOnOs(OS.WINDOWS) // has no kill
final class RollingIT {
    private static final Duration EXIT_LIMIT = Duration.ofMillis(25_500);

    private final ChaosSettings settings = ChaosSettings.fromProperties();
    private final List<Exit> exits = new ArrayList<>();
    private final Set<Integer> stopped = new HashSet<>();
    private final MongoServer database = new MongoServer(H2Backend.inMemory());
    private final List<Integer> ports = ChaosRun.freePorts(2);
    private final Random random = new Random(settings.seed());
    private final Crowd crowd = new Crowd(ports, settings.clients(), settings.sendsPerSecond(), random);
    private final ImProcess[] nodes = new ImProcess[ports.size()];
    private final int[] numbers = new int[ports.size()];
    private String uri = "";

    @TempDir
    Path folder;

    @Test
    void nodesThatAreRestartedInTurnLoseAndDoubleNothingAndCutNobody() throws Exception {
        try {
            database.enableOplog();
            uri = "mongodb://127.0.0.1:" + database.bind().getPort() + "/im";
            start(0);
            start(1);
            crowd.connect();
            crowd.awaitReady();
            for (int restart = 0; restart < settings.cycles() * 2; restart++) {
                crowd.awaitTalking();
                stop(restart % 2);
                start(restart % 2);
            }
            crowd.awaitTalking();
            assertThat(judge()).isEmpty();
        } finally {
            crowd.close();
            for (ImProcess node : nodes) {
                if (node != null) {
                    node.close();
                }
            }
            database.shutdownNow();
        }
    }

    private void start(int seat) throws Exception {
        numbers[seat] = crowd.serverStarts(ports.get(seat));
        nodes[seat] = ImProcess.start(folder, "--port", String.valueOf(ports.get(seat)), "--mongo-uri", uri)
                .awaitRunning();
    }

    private void stop(int seat) throws Exception {
        stopped.add(numbers[seat]);
        long asked = System.nanoTime();
        nodes[seat].signal("TERM");
        int status = nodes[seat].awaitStatus();
        exits.add(new Exit("TERM", status, Set.of(0), Duration.ofNanos(System.nanoTime() - asked), EXIT_LIMIT));
    }

    private List<String> judge() throws Exception {
        List<String> faults = new ArrayList<>();
        if (!crowd.settles()) {
            crowd.unsettled().forEach(client -> faults.add("has not come to rest: " + client));
        }
        crowd.leave();
        stop(0);
        List<Evidence.Witness> witnesses = crowd.witnesses();
        Verdict verdict =
                Judge.judge(new Evidence(witnesses, ChaosRun.readBack(nodes[1].address(), witnesses), stopped, exits));
        faults.addAll(verdict.faults());
        faults.addAll(crowd.failures());
        Map<String, Object> figures = new LinkedHashMap<>(verdict.figures());
        figures.put("reconnects", crowd.reconnects());
        figures.put("longest without service, beyond the time it was told", crowd.longestWait());
        figures.put("told to try again", crowd.refusals());
        System.out.println("rolling, seed " + settings.seed() + ": " + new Verdict(faults, figures));
        return faults;
    }
}
