package io.lifecycle4j.sample.im;

import static io.lifecycle4j.sample.im.ChatClient.frame;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.lifecycle4j.sample.im.mongo.FreezableProxy;
import io.lifecycle4j.sample.im.mongo.TestMongo;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole server, its database behind a proxy that can be frozen. */
@Timeout(120)
final class StoreOutageTest {
    @TempDir
    private Path folder;

    @Test
    void historyThatWaitsForTheDatabaseIsBoundedAndStarvesNoSocket() throws Exception {
        List<Socket> readers = new ArrayList<>();
        try (FreezableProxy proxy = new FreezableProxy();
                TestMongo database = TestMongo.open(folder.resolve("db"));
                ImFixture server = ImFixture.start(folder, "--mongo-uri", database.uri(proxy, "timeoutMS=60000"))) {
            String token = ChatClient.token(server.address(), "ann");
            proxy.freeze();
            readers.add(askForHistory(server, token, 0));
            await().until(() -> threadsThatRead() == 1); // so that it is among those that do not wait for a place
            for (int i = 1; i < 250; i++) { // Jetty's pool has 200 threads
                readers.add(askForHistory(server, token, i));
            }
            RawClient bob =
                    CompletableFuture.supplyAsync(() -> hello(server.address())).get(10, TimeUnit.SECONDS);
            bob.await("welcome");
            List<String> last = new BufferedReader(
                            new InputStreamReader(readers.get(249).getInputStream(), US_ASCII))
                    .lines()
                    .takeWhile(line -> !line.isEmpty())
                    .toList();
            assertThat(last.get(0)).startsWith("HTTP/1.1 503"); // there is no room for it to wait
            assertThat(last).contains("Retry-After: 1");
            await().until(() -> threadsThatRead() >= 16);
            assertThat(threadsThatRead()).isEqualTo(16);
            proxy.thaw();
            String first = new String(readers.get(0).getInputStream().readNBytes(12), US_ASCII);
            assertThat(first).isEqualTo("HTTP/1.1 200");
        } finally {
            for (Socket reader : readers) {
                reader.close();
            }
        }
    }

    private static Socket askForHistory(ImFixture server, String token, int room) throws IOException {
        return RawHttp.open(
                server.address(),
                "GET /api/rooms/room" + room + "/messages HTTP/1.1",
                "Host: localhost",
                "Authorization: Bearer " + token,
                "");
    }

    private static long threadsThatRead() {
        return Thread.getAllStackTraces().values().stream()
                .filter(stack -> Arrays.stream(stack)
                        .anyMatch(at -> at.getClassName().endsWith(".Rooms")
                                && at.getMethodName().equals("history")))
                .count();
    }

    private static RawClient hello(URI address) {
        try {
            return RawClient.connect(address, true).hello(address, "bob");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whileTheDatabaseIsAwayAllIsDeclinedWithATimeToWaitAndReadinessAndMetricsSaySoUntilItIsBack() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                TestMongo database = TestMongo.open(folder.resolve("db"))) {
            try (ImFixture server = ImFixture.start(folder, "--mongo-uri", database.uri(proxy, "timeoutMS=1000"))) {
                ChatClient ann = server.client("ann");
                ann.join("lobby");
                assertThat(ann.say("lobby", "before").path("t").asText()).isEqualTo("ack");
                assertThat(server.metric("im_mongo_up")).isEqualTo(1);
                assertThat(server.admin("readyz").statusCode()).isEqualTo(200);

                proxy.freeze();
                JsonNode nack = ann.ask(
                        frame("send").put("room", "lobby").put("cid", "kept").put("text", "while away"));
                assertThat(nack.path("code").asText()).isEqualTo("store");
                assertThat(nack.path("retry").asBoolean()).isTrue();
                assertThat(nack.path("retry_ms").asLong()).isPositive();
                JsonNode error = ann.join("never read");
                assertThat(error.path("code").asText()).isEqualTo("forbidden");
                error = ann.join("neverRead");
                assertThat(error.path("code").asText()).isEqualTo("store");
                assertThat(error.path("retry_ms").asLong()).isPositive();
                await().until(() -> server.metric("im_mongo_up") == 0);
                assertThat(server.admin("readyz").statusCode()).isEqualTo(503);
                assertThat(server.status().path("mongo").path("healthy").asBoolean())
                        .isFalse();
                assertThat(server.metric("im_nacks_total{code=\"store\"}")).isEqualTo(2);

                proxy.thaw();
                await().atMost(Duration.ofSeconds(20)).until(() -> server.metric("im_mongo_up") == 1);
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> ann.ask(frame("send")
                                        .put("room", "lobby")
                                        .put("cid", "kept")
                                        .put("text", "while away"))
                                .path("t")
                                .asText()
                                .equals("ack"));
                assertThat(ann.say("lobby", "after").path("seq").asLong()).isEqualTo(3);
                await().until(() -> ann.heard().size() == 3);
                assertThat(ann.heard()).containsExactly("before", "while away", "after");
                assertThat(server.status().path("mongo").path("round_trip_ms").asDouble())
                        .isPositive();
            }
        }
    }
}
