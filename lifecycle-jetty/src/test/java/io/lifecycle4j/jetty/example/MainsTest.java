package io.lifecycle4j.jetty.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs the guides' programs as they are, each in a process of its own, and ends it with TERM. */
@Timeout(60)
@DisabledOnOs(OS.WINDOWS) // has no kill
class MainsTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private JavaProcess process;
    private int port;

    private void run(Class<?> main, String... jvmOptions) throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        process = JavaProcess.of(main)
                .options(jvmOptions)
                .arguments(String.valueOf(port))
                .startAndAwaitLine("is running");
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        URI uri = URI.create("http://127.0.0.1:" + port + path);
        return client.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private String awaitEnd(int status) {
        assertThat(process.awaitExit().status()).isEqualTo(status);
        return String.join("\n", process.lines());
    }

    @AfterEach
    void end() {
        process.close();
    }

    @Test
    void aServerBehindABalancerIsNotReadyAndStillServesDuringTheAnnounceDelay() throws Exception {
        run(BalancedMain.class);
        assertThat(get("/readyz").get().statusCode()).isEqualTo(200);
        process.signal("TERM");
        process.awaitLine("requests are served for another 3 s");
        assertThat(get("/readyz").get().statusCode()).isEqualTo(503);
        assertThat(get("/").get().body()).isEqualTo("done\n");
        assertThat(awaitEnd(0)).contains("CLEAN");
    }

    @Test
    void aTroubledShutdownIsToldByItsLogAndByARecording(@TempDir Path folder) throws Exception {
        Path recording = folder.resolve("shutdown.jfr");
        run(Troubled.class, "-XX:StartFlightRecording=filename=" + recording);
        process.signal("TERM");
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
