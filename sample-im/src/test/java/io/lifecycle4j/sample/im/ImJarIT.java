package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The jar as users run it: real signals, real sockets, real files. */
@Timeout(180)
@DisabledOnOs(OS.WINDOWS) // has no kill
class ImJarIT {
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    Path data;

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void oneSignalTellsTheClientsStoresWhatWasSaidAndExitsWithZero(String signal) throws Exception {
        List<String> acknowledged = new ArrayList<>();
        try (ImProcess server = ImProcess.start(data).awaitRunning()) {
            ChatClient ann = ChatClient.connect(server.address(), "ann");
            ChatClient bob = ChatClient.connect(server.address(), "bob");
            ann.join("lobby");
            bob.join("lobby");
            for (int i = 0; i < 50; i++) {
                assertThat(ann.say("lobby", "ann " + i).path("seq").asLong()).isEqualTo(2L * i + 1);
                assertThat(bob.say("lobby", "bob " + i).path("seq").asLong()).isEqualTo(2L * i + 2);
                acknowledged.add("ann " + i);
                acknowledged.add("bob " + i);
            }
            Awaitility.await().until(() -> bob.heard().size() == 100);
            assertThat(bob.heard()).isEqualTo(acknowledged);

            server.signal(signal);
            assertThat(ann.awaitClose()).isEqualTo("1012 restart");
            assertThat(bob.awaitClose()).isEqualTo("1012 restart");
            assertThat(bob.wasTold("going_away")).isTrue();
            assertThat(server.awaitStatus()).isZero();
            assertThat(messages(server))
                    .containsSubsequence(
                            "App 'im' is shutting down: SIG" + signal
                                    + "; at most 25 s; a second signal forces the exit",
                            "DRAIN: rejecting new requests; in flight: 0 at 'sends', 0 at 'business'",
                            "STOP: admin, business",
                            "CALLBACKS: flush-receipts",
                            "RELEASE: chat, receipts, mongo-heartbeat, message-store, mongo, embedded-mongo")
                    .anyMatch(line -> line.endsWith("WebSocket sessions: 2 told, 2 closed, 0 cut"));
        }
        assertHistory(acknowledged);
    }

    /** The lines of the log without time and level. */
    private static List<String> messages(ImProcess server) {
        return server.lines().stream()
                .map(line -> line.replaceFirst("^[\\d:.]+ +[A-Z]+ +", ""))
                .toList();
    }

    private void assertHistory(List<String> acknowledged) throws Exception {
        try (ImProcess server = ImProcess.start(data).awaitRunning()) {
            assertThat(ChatClient.history(server.address(), "ann", "lobby")).containsSubsequence(acknowledged);
            JsonNode joined = ChatClient.connect(server.address(), "bob").join("lobby");
            assertThat(ChatClient.texts(joined.path("messages"))).containsSubsequence(acknowledged);
            List<Long> sequences = new ArrayList<>();
            joined.path("messages")
                    .forEach(message -> sequences.add(message.path("seq").asLong()));
            assertThat(sequences)
                    .isEqualTo(IntStream.rangeClosed(1, sequences.size())
                            .asLongStream()
                            .boxed()
                            .toList());
        }
    }

    @Test
    void whatIsAcknowledgedWhileASignalComesIsThereAfterwardsAndTheRestIsAnswered() throws Exception {
        List<String> acknowledged = new ArrayList<>();
        try (ImProcess server = ImProcess.start(data).awaitRunning()) {
            ChatClient ann = ChatClient.connect(server.address(), "ann");
            ann.join("lobby");
            List<CompletableFuture<JsonNode>> answers = new ArrayList<>();
            for (int i = 0; i < 250; i++) {
                answers.add(ann.sayLater("lobby", "message " + i));
                if (i == 50) {
                    answers.get(0).get(20, TimeUnit.SECONDS);
                    server.signal("TERM");
                }
            }
            assertThat(ann.awaitClose()).isEqualTo("1012 restart");
            assertThat(server.awaitStatus()).isZero();
            for (int i = 0; i < answers.size(); i++) {
                if (answers.get(i).isDone()
                        && answers.get(i).join().path("t").asText().equals("ack")) {
                    acknowledged.add("message " + i);
                }
            }
        }
        assertThat(acknowledged).isNotEmpty();
        assertHistory(acknowledged);
    }

    @Test
    void aRequestInFlightGetsItsWhole200AndALaterOne503() throws Exception {
        try (ImProcess server = ImProcess.start(data, "--demo").awaitRunning()) {
            CompletableFuture<HttpResponse<String>> slow = slowRequest(server, 2_000);
            server.signal("INT");
            server.awaitLine("DRAIN: rejecting new requests; in flight: 0 at 'sends', 1 at 'business'");
            HttpResponse<String> late = http.send(get(server.address().resolve("/")), BodyHandlers.ofString());
            assertThat(late.statusCode()).isEqualTo(503);
            assertThat(late.headers().firstValue("connection")).hasValue("close");
            assertThat(late.headers().firstValue("retry-after")).isPresent();
            HttpResponse<String> response = slow.get(20, TimeUnit.SECONDS);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEqualTo("done after 2000 ms\n");
            assertThat(server.awaitStatus()).isZero();
        }
    }

    private CompletableFuture<HttpResponse<String>> slowRequest(ImProcess server, int millis) {
        CompletableFuture<HttpResponse<String>> slow =
                http.sendAsync(get(server.address().resolve("/demo/slow?millis=" + millis)), BodyHandlers.ofString());
        Awaitility.await()
                .until(() -> http.send(get(server.address().resolve("/api/status")), BodyHandlers.ofString())
                        .body()
                        .contains("\"business\":1"));
        return slow;
    }

    private static HttpRequest get(URI uri) {
        return HttpRequest.newBuilder(uri).build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void aSecondSignalForcesTheExitWhileARequestIsInFlight(String second) throws Exception {
        try (ImProcess server = ImProcess.start(data, "--demo").awaitRunning()) {
            ChatClient ann = ChatClient.connect(server.address(), "ann");
            CompletableFuture<HttpResponse<String>> cut = slowRequest(server, 30_000);
            server.signal("INT");
            server.awaitLine("in flight: 0 at 'sends', 1 at 'business'");
            assertThat(ann.awaitClose())
                    .isEqualTo("1012 restart"); // the line comes before the drain itself, this does not
            if (second.equals("INT")) {
                awaitEndOfEchoWindow();
            }
            server.signal(second);
            assertThat(server.awaitStatus()).isEqualTo(1);
            assertThat(cut).failsWithin(Duration.ofSeconds(20)); // nobody answered it
            assertThat(messages(server))
                    .containsOnlyOnce("App 'im' is forced to exit with status 1: second signal (SIG" + second
                            + "); DRAIN; still running: DRAIN business; 1 in flight at 'business'");
        }
    }

    /** Within 50 ms, the same signal again counts as an echo. */
    private static void awaitEndOfEchoWindow() {
        long seen = System.nanoTime();
        Awaitility.await().until(() -> System.nanoTime() - seen > TimeUnit.MILLISECONDS.toNanos(60));
    }

    @Test
    void aFlushThatTakesTooLongIsNamedAndCutAndTheExitIsInTime() throws Exception {
        try (ImProcess server = ImProcess.start(data, "--demo-flush-millis", "20000", "--callback-timeout", "1s")
                .awaitRunning()) {
            server.signal("TERM");
            assertThat(server.awaitStatus()).isEqualTo(1);
            assertThat(messages(server))
                    .containsSubsequence(
                            "CALLBACKS: 'flush-receipts' has not ended near its limit of 1 s; it was at",
                            "RELEASE: chat, receipts, mongo-heartbeat, message-store, mongo, embedded-mongo");
            assertThat(server.says("at io.lifecycle4j.sample.im.mongo.ReadReceipts.flush(ReadReceipts.java"))
                    .isTrue();
        }
    }

    @Test
    void readReceiptsAreFlushedByTheShutdown() throws Exception {
        try (ImProcess server = ImProcess.start(data).awaitRunning()) {
            ChatClient ann = ChatClient.connect(server.address(), "ann");
            ann.join("lobby");
            ann.say("lobby", "hello");
            ann.send(ChatClient.frame("received")
                    .put("room", "lobby")
                    .put("seq", 1)
                    .toString());
            ann.ask(ChatClient.frame("history").put("room", "lobby")); // answered after it: receipts are not
            server.signal("TERM");
            assertThat(server.awaitStatus()).isZero();
        }
        try (EmbeddedMongo embedded = EmbeddedMongo.open(data);
                MongoConnection mongo = MongoConnection.open(embedded.connectionString())) {
            assertThat(mongo.database().getCollection("receipts").find().first())
                    .containsEntry("_id", "ann/lobby")
                    .containsEntry("seq", 1L);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--port=x",
                "--drain-timeout=4",
                "--no-such-option",
                "--port=70000",
                "--shutdown-timeout=0s",
                "--mongo-uri=x"
            })
    void aBadFlagIsOneLineAndStatusTwo(String flag) throws Exception {
        try (ImProcess server = ImProcess.start(data, flag)) {
            assertThat(server.awaitStatus()).isEqualTo(2);
            assertThat(server.lines())
                    .singleElement()
                    .asString()
                    .contains(flag.replaceFirst("=.*", ""), "(--help lists the options)");
        }
    }

    @Test
    void anEnvironmentVariableStandsForAFlagAndTheFlagWins() throws Exception {
        try (ImProcess server = ImProcess.start(Map.of("IM_DRAIN_TIMEOUT", "soon"), data)) {
            assertThat(server.awaitStatus()).isEqualTo(2);
            assertThat(server.lines())
                    .singleElement()
                    .asString()
                    .startsWith("Environment variable IM_DRAIN_TIMEOUT: ")
                    .contains("--drain-timeout", "'soon' is no duration");
        }
        try (ImProcess server = ImProcess.start(Map.of("IM_SHUTDOWN_TIMEOUT", "7s", "IM_PORT", "x"), data)
                .awaitRunning()) {
            server.signal("TERM");
            server.awaitLine("is shutting down: SIGTERM; at most 7 s");
            assertThat(server.awaitStatus()).isZero();
        }
    }

    @Test
    void aJsonLogIsAnObjectOnEachLine() throws Exception {
        try (ImProcess server = ImProcess.start(data, "--log-format", "json").awaitRunning()) {
            server.signal("TERM");
            assertThat(server.awaitStatus()).isZero();
            assertThat(server.lines()).isNotEmpty().allSatisfy(line -> {
                JsonNode event = new ObjectMapper().readTree(line);
                assertThat(event.path("level").asText()).isEqualTo("INFO");
                assertThat(event.path("formattedMessage").asText()).isNotEmpty();
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--port=x", "--no-such-option", "--mongo-uri=x", "--mongo-uri=mongodb://127.0.0.1:1/im"})
    void whatKeepsItFromStartingIsAnObjectOfAJsonLog(String flag) throws Exception {
        try (ImProcess server = ImProcess.start(Map.of("IM_LOG_FORMAT", "json"), data, flag)) {
            assertThat(server.awaitStatus()).isPositive();
            assertThat(server.lines()).hasSize(1);
            JsonNode event = new ObjectMapper().readTree(server.lines().get(0));
            assertThat(event.path("level").asText()).isEqualTo("ERROR");
            assertThat(event.path("formattedMessage").asText()).isNotEmpty();
        }
    }

    @Test
    void aPortInUseIsOneLineAndStatusOne() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ImProcess server = ImProcess.start(data, "--port", String.valueOf(taken.getLocalPort()))) {
            assertThat(server.awaitStatus()).isEqualTo(1);
            assertThat(messages(server))
                    .filteredOn(line -> !line.startsWith("No --mongo-uri"))
                    .containsExactly("App 'im' could not start: server 'business' cannot listen on 127.0.0.1:"
                            + taken.getLocalPort() + ": Address already in use (free the port, or choose another)");
        }
    }

    @Test
    void anUnreachableDatabaseIsOneLineWithoutThePasswordAndStatusOne() throws Exception {
        try (ImProcess server = ImProcess.start(data, "--mongo-uri", "mongodb://ann:geheim@127.0.0.1:1/im")) {
            assertThat(server.awaitStatus()).isEqualTo(1);
            assertThat(messages(server))
                    .singleElement()
                    .asString()
                    .startsWith("App 'im' could not start: MongoDB at 127.0.0.1:1 does not answer;")
                    .doesNotContain("geheim", "ann:");
        }
    }

    @Test
    void theDatabaseAloneServesANodeAndEndsWithZero() throws Exception {
        try (ImProcess database = ImProcess.start(data, "--database-only", "0").awaitLine("is running")) {
            String line = messages(database).stream()
                    .filter(message -> message.startsWith("Start nodes with "))
                    .findFirst()
                    .orElseThrow();
            String[] option = line.replace("Start nodes with ", "").split(" ");
            try (ImProcess node = ImProcess.start(data, option).awaitRunning()) {
                ChatClient ann = ChatClient.connect(node.address(), "ann");
                ann.join("lobby");
                assertThat(ann.say("lobby", "hello").path("t").asText()).isEqualTo("ack");
                node.signal("TERM");
                assertThat(node.awaitStatus()).isZero();
            }
            database.signal("TERM");
            assertThat(database.awaitStatus()).isZero();
        }
    }

    @Test
    void twoProcessesOnOneFolderAreRefused() throws Exception {
        try (ImProcess first = ImProcess.start(data).awaitRunning();
                ImProcess second = ImProcess.start(data)) {
            assertThat(second.awaitStatus()).isEqualTo(1);
            assertThat(messages(second))
                    .singleElement()
                    .asString()
                    .contains("is in use by another process", "--data-dir");
            first.signal("TERM");
            assertThat(first.awaitStatus()).isZero();
        }
    }
}
