package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lifecycle4j.testing.HeldSocket;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The demonstration of a rolling restart does what it says. */
@Timeout(180)
final class DemonstrationIT {
    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeEach
    void needsPython() {
        assumeTrue(HeldSocket.isAvailable(), "no python3: nobody holds the socket");
    }

    @Test
    void twoNodesAreRestartedInTurnAndNoRequestFails() throws Exception {
        int port = ChaosRun.freePort();
        ProcessBuilder command = new ProcessBuilder(
                        "python3", "demonstration.py", "--port", "" + port, "--every", "0.5", "--restarts", "2")
                .redirectErrorStream(true);
        command.environment()
                .put("JAVA_HOME", Path.of(System.getProperty("java.home")).toString());
        Process demonstration = command.start();
        try (BufferedReader output = demonstration.inputReader(StandardCharsets.UTF_8)) {
            List<String> lines = new CopyOnWriteArrayList<>();
            CompletableFuture<Void> read =
                    CompletableFuture.runAsync(() -> output.lines().forEach(lines::add));
            awaitLine(lines, "open it in two tabs, and chat");

            int requests = 0;
            while (lines.stream().noneMatch(line -> line.contains("2 restarts"))) {
                assertThat(status(port)).isEqualTo(200);
                requests++;
            }
            assertThat(requests).isGreaterThan(10);
            assertThat(demonstration.waitFor(60, TimeUnit.SECONDS)).isTrue();
            read.get(10, TimeUnit.SECONDS);
            assertThat(demonstration.exitValue()).as("%s", lines).isZero();
            assertThat(lines).filteredOn(line -> line.contains("CLEAN after")).hasSize(5);
        } finally {
            demonstration.destroy();
            demonstration.waitFor(60, TimeUnit.SECONDS);
        }
    }

    private static void awaitLine(List<String> lines, String part) {
        Awaitility.await()
                .atMost(60, TimeUnit.SECONDS)
                .until(() -> lines.stream().anyMatch(line -> line.contains(part)));
    }

    private int status(int port) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + port + "/api/status");
        return http.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
                .statusCode();
    }
}
