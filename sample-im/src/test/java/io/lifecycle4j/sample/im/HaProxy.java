package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/** The balancer of {@code docs/deploy/haproxy.cfg} in a process of its own; only addresses, ports and its size are put in. */
final class HaProxy implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Where a node is: the port for clients, and the one that is asked whether it is ready. */
    record Node(int port, int adminPort) {}

    private final Process process;
    private final Path log;

    private HaProxy(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Skips the test where there is no HAProxy. */
    static void assumeInstalled() {
        Assumptions.assumeTrue(
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "haproxy"))),
                "no haproxy on the path: the restart behind a balancer is not run");
    }

    static HaProxy start(Path folder, int port, List<Node> nodes) throws IOException {
        String configuration = put(DeployFiles.read("haproxy.cfg"), "bind :8080", "bind 127.0.0.1:" + port);
        configuration =
                put(configuration, "maxconn 20000", "maxconn 1000"); // a test has not that many file descriptors
        for (int i = 0; i < nodes.size(); i++) {
            String name = "node" + (i + 1);
            Node node = nodes.get(i); // its own "port" wins over default-server's: both nodes are on one machine here
            configuration = put(
                    configuration,
                    "server " + name + " " + name + ":8080",
                    "server " + name + " 127.0.0.1:" + node.port() + " port " + node.adminPort());
        }
        Path file = Files.writeString(folder.resolve("haproxy.cfg"), configuration);
        Path log = folder.resolve("haproxy.log");
        Process process = new ProcessBuilder("haproxy", "-db", "-f", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new HaProxy(process, log).awaitListening(port);
    }

    private HaProxy awaitListening(int port) {
        Awaitility.await("HAProxy listens, or its end")
                .atMost(PATIENCE)
                .until(() -> !process.isAlive() || !ChaosRun.isFree(port));
        assertThat(process.isAlive()).as(log()).isTrue();
        return this;
    }

    private static String put(String configuration, String documented, String here) {
        assertThat(configuration).containsOnlyOnce(documented);
        return configuration.replace(documented, here);
    }

    /** Waits until the node has come back that often: from then on the balancer sends clients to it. */
    void awaitBack(int node, int times) {
        String line = "Server chat/node" + (node + 1) + " is UP";
        Awaitility.await(times + " times '" + line + "'").atMost(PATIENCE).until(() -> {
            assertThat(process.isAlive()).as(log()).isTrue();
            return log().split(line, -1).length > times;
        });
    }

    private String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
