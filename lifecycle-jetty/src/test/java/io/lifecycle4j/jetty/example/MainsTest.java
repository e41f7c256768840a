package io.lifecycle4j.jetty.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the guides' programs as they are, each in a process of its own, and ends it with TERM. */
@Timeout(60)
class MainsTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private Process process;
    private BufferedReader log;
    private int port;

    private void run(Class<?> main, String... jvmOptions) throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(jvmOptions));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName(), String.valueOf(port)));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        log = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        awaitLine("is running");
    }

    private void awaitLine(String part) throws Exception {
        String line = log.readLine();
        while (line != null && !line.contains(part)) {
            line = log.readLine();
        }
        assertThat(line).as("a line with '%s'", part).isNotNull();
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        URI uri = URI.create("http://127.0.0.1:" + port + path);
        return client.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private String awaitEnd(int status) throws Exception {
        String rest = log.lines().collect(Collectors.joining("\n"));
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(status);
        return rest;
    }

    // Through the handle, since process.destroy() also closes the stream from which the log is read.
    private void term() {
        assertThat(process.toHandle().destroy()).isTrue();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    @Test
    void aServerBehindABalancerIsNotReadyAndStillServesDuringTheAnnounceDelay() throws Exception {
        run(BalancedMain.class);
        assertThat(get("/readyz").get().statusCode()).isEqualTo(200);
        term();
        awaitLine("requests are served for another 3 s");
        assertThat(get("/readyz").get().statusCode()).isEqualTo(503);
        assertThat(get("/").get().body()).isEqualTo("done\n");
        assertThat(awaitEnd(0)).contains("CLEAN");
    }

    @Test
    void aTroubledShutdownIsToldByItsLogAndByARecording(@TempDir Path folder) throws Exception {
        Path recording = folder.resolve("shutdown.jfr");
        run(Troubled.class, "-XX:StartFlightRecording=filename=" + recording);
        term();
        assertThat(awaitEnd(1))
                .contains("CALLBACKS: 'say-goodbye' failed", "no route to host")
                .contains("CALLBACKS: 'flush' is interrupted near its limit of 1 s; it was at", "Troubled.java:")
                .contains("the database is closed", "(SIGTERM): TIMED_OUT");
        assertThat(RecordingFile.readAllEvents(recording))
                .filteredOn(event -> event.getEventType().getName().equals("io.lifecycle4j.Step"))
                .extracting(event ->
                        event.getString("step") + " " + event.getString("outcome") + " " + event.getString("note"))
                .containsExactlyInAnyOrder(
                        "say-goodbye FAILED null", "flush TIMED_OUT 12 of 40 rows", "database CLEAN null");
    }

    /** A request that has called System.exit never returns, so a shutdown that waits for it, or its thread, waits for itself. */
    @Test
    void aRequestThatCallsSystemExitIsNotWaitedForAndIsNamed() throws Exception {
        run(ExitingMain.class);
        CompletableFuture<HttpResponse<String>> exit = get("/exit");
        assertThat(awaitEnd(7)).containsPattern("cut: GET /exit, \\d+ ms, which has called System.exit");
        assertThat(exit).failsWithin(Duration.ofSeconds(10));
    }
}
