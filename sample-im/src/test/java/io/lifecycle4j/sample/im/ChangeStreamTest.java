package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.bson.Document;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.sample.im.chat.MessageStore;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.mongo.Durability;
import io.lifecycle4j.sample.im.mongo.FreezableProxy;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import io.lifecycle4j.sample.im.mongo.MongoFixture;
import io.lifecycle4j.sample.im.mongo.MongoMessageStore;
import io.lifecycle4j.sample.im.mongo.TestMongo;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a node does when the change stream, by which it hears of the other nodes, is lost. */
@Timeout(120)
final class ChangeStreamTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String ENDED_AT_WILL = "only the embedded server ends a change stream when a test says so";

    @TempDir
    Path folder;

    @Test
    void aLostStreamIsOpenedWhereItBrokeOffAndAtThePresentIfThatPlaceIsGone() throws Exception {
        TestMongo.assumeEmbedded(ENDED_AT_WILL);
        WatchedBackend backend = new WatchedBackend();
        MongoServer database = new MongoServer(backend);
        database.enableOplog();
        String uri = "mongodb://127.0.0.1:" + database.bind().getPort() + "/im";
        try (ImFixture node = ImFixture.start(folder, "--mongo-uri", uri);
                MongoConnection connection = MongoConnection.open(uri)) {
            MessageStore otherNode = new MongoMessageStore(connection, Durability.BY_WRITE_CONCERN, true);
            assertThat(backend.awaitStream()).doesNotContainKey("resumeAfter");
            ChatClient ann = node.client("ann");
            ann.join("lobby");
            say(otherNode, "first", ann); // it came by the stream, which has a place from now on
            backend.endStream();
            assertThat(backend.awaitStream().get("resumeAfter")).isInstanceOf(Document.class);
            say(otherNode, "second", ann);
            backend.forgetPlaces();
            backend.endStream();
            assertThat(backend.awaitStream()).containsKey("resumeAfter");
            assertThat(backend.awaitStream()).doesNotContainKey("resumeAfter");
            say(otherNode, "third", ann);
            assertThat(ann.heard()).containsExactly("first", "second", "third");
            assertThat(otherNode.finish(PATIENCE)).isTrue();
        } finally {
            database.shutdownNow();
        }
    }

    private static void say(MessageStore otherNode, String text, ChatClient listener) throws Exception {
        MongoFixture.await(otherNode.append(new Draft("lobby", "bob", text, text)));
        Awaitility.await().atMost(PATIENCE).until(() -> listener.heard().contains(text));
    }

    @Test
    void whatIsSaidAtAnotherNodeWhileTheStreamIsLostIsHeardOnceAndInOrder() throws Exception {
        TestMongo.assumeEmbedded(ENDED_AT_WILL);
        WatchedBackend backend = new WatchedBackend();
        MongoServer database = new MongoServer(backend);
        database.enableOplog();
        String uri = "mongodb://127.0.0.1:" + database.bind().getPort() + "/im";
        try (ImFixture one = ImFixture.start(folder, "--mongo-uri", uri)) {
            backend.awaitStream();
            try (ImFixture another = ImFixture.start(folder, "--mongo-uri", uri)) {
                backend.awaitStream();
                ChatClient ann = one.client("ann");
                ChatClient bob = another.client("bob");
                ann.join("lobby");
                bob.join("lobby");
                backend.forgetPlaces(); // so that only the collection can tell what was missed
                backend.refuseStreams(true);
                backend.endStream();
                backend.endStream(); // the other one's: who has lost it asks no more
                for (int i = 1; i <= 5; i++) {
                    assertThat(ann.say("lobby", "meanwhile " + i).path("t").asText())
                            .isEqualTo("ack");
                }
                assertThat(bob.heard()).isEmpty();
                backend.refuseStreams(false);
                Awaitility.await().atMost(PATIENCE).until(() -> bob.heard().size() >= 5);
                ann.say("lobby", "after");
                Awaitility.await().atMost(PATIENCE).until(() -> bob.heard().contains("after"));
                assertThat(bob.heardSequences())
                        .isEqualTo(LongStream.rangeClosed(1, 6).boxed().toList());
            }
        } finally {
            database.shutdownNow();
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // has no kill
    void whatIsSaidAtAnotherNodeAfterTheDatabaseWasKilledIsHeardOnceAndInOrder() throws Exception {
        try (DatabaseProcess database = new DatabaseProcess(folder, ChaosRun.freePort()).start();
                ImFixture one = ImFixture.start(folder, "--mongo-uri", database.uri(""));
                ImFixture another = ImFixture.start(folder, "--mongo-uri", database.uri(""))) {
            ChatClient ann = one.client("ann");
            ChatClient bob = another.client("bob");
            ann.join("lobby");
            bob.join("lobby");
            ann.say("lobby", "before");
            Awaitility.await().atMost(PATIENCE).until(() -> bob.heard().contains("before"));
            database.kill();
            database.start();
            long last = 0;
            for (int i = 1; i <= 5; i++) {
                last = sayUntilStored(ann, "meanwhile " + i);
            }
            long head = last;
            Awaitility.await().atMost(PATIENCE).until(() -> bob.heardSequences().contains(head));
            assertThat(bob.heardSequences())
                    .isEqualTo(LongStream.rangeClosed(1, head).boxed().toList());
            assertThat(ann.heardSequences()).isEqualTo(bob.heardSequences());
            assertThat(ann.heard()).isEqualTo(bob.heard());
        }
    }

    /** Declined while the node has no connection to the database yet, and said again, with another id. Returns its sequence. */
    private static long sayUntilStored(ChatClient client, String text) throws Exception {
        JsonNode answer = client.say("lobby", text);
        while (!answer.path("t").asText().equals("ack")) {
            assertThat(answer.path("code").asText()).isEqualTo("store");
            answer = client.say("lobby", text);
        }
        return answer.path("seq").asLong();
    }

    @Test
    void theStreamEndsInTimeInAShutdownAlthoughTheDatabaseDoesNotAnswer() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                TestMongo database = TestMongo.open(folder.resolve("db")).forSeveralNodes()) {
            ImFixture node = ImFixture.start(folder, "--mongo-uri", database.uri(proxy, ""));
            proxy.freeze();
            ShutdownReport report = node.shutdown();
            assertThat(report.steps())
                    .filteredOn(step -> step.name().equals("change-stream"))
                    .as(report.toString())
                    .singleElement()
                    .satisfies(step -> {
                        assertThat(step.outcome()).isEqualTo(Outcome.CLEAN);
                        assertThat(step.abandoned()).isFalse();
                    });
        }
    }
}
