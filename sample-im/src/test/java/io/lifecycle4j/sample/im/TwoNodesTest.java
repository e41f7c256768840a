package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.lifecycle4j.sample.im.mongo.FreezableProxy;
import io.lifecycle4j.sample.im.mongo.TestMongo;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes on one database. */
@Timeout(60)
final class TwoNodesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final FreezableProxy proxy = newProxy();
    private TestMongo database;
    private ImFixture one;
    private ImFixture another;

    private static FreezableProxy newProxy() {
        try {
            return new FreezableProxy();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        database = TestMongo.open(folder.resolve("db")).forSeveralNodes();
        one = ImFixture.start(folder, "--mongo-uri", database.uri(""));
        another = ImFixture.start(folder, "--mongo-uri", database.uri(proxy, "timeoutMS=2000"));
    }

    @AfterEach
    void stop() throws Exception {
        one.close();
        another.close();
        proxy.close();
        database.close();
    }

    @Test
    void whatIsSaidAtEitherNodeIsHeardAtBothOnceAndInTheSameOrder() throws Exception {
        ChatClient ann = one.client("ann");
        ChatClient bob = another.client("bob");
        ann.join("lobby");
        bob.join("lobby");
        List<CompletableFuture<JsonNode>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(ann.sayLater("lobby", "ann " + i));
            answers.add(bob.sayLater("lobby", "bob " + i));
        }
        for (CompletableFuture<JsonNode> answer : answers) {
            assertThat(answer.get(30, TimeUnit.SECONDS).path("t").asText()).isEqualTo("ack");
        }
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> ann.heard().size() >= 100 && bob.heard().size() >= 100);
        assertThat(ann.heardSequences())
                .isEqualTo(LongStream.rangeClosed(1, 100).boxed().toList());
        assertThat(bob.heardSequences()).isEqualTo(ann.heardSequences());
        assertThat(bob.heard()).isEqualTo(ann.heard());
    }

    @Test
    void aNodeThatLostTheStreamReadsWhatItMissedAndItsClientsStay() throws Exception {
        ChatClient ann = one.client("ann");
        ChatClient bob = another.client("bob");
        ann.join("lobby");
        bob.join("lobby");
        ann.say("lobby", "before");
        Awaitility.await().atMost(PATIENCE).until(() -> bob.heard().contains("before"));
        proxy.freeze();
        for (int i = 0; i < 5; i++) {
            ann.say("lobby", "meanwhile " + i);
        }
        proxy.thaw();
        Awaitility.await().atMost(PATIENCE).until(() -> bob.heard().size() >= 6);
        ann.say("lobby", "after");
        Awaitility.await().atMost(PATIENCE).until(() -> bob.heard().contains("after"));
        assertThat(bob.heardSequences())
                .isEqualTo(LongStream.rangeClosed(1, 7).boxed().toList());
    }

    @Test
    void whatWasSaidAtANodeThatIsGoneGoesOnAtTheOther() throws Exception {
        ChatClient ann = one.client("ann");
        ann.join("lobby");
        ann.say("lobby", "at one");
        assertThat(one.shutdown().isClean()).isTrue();
        ChatClient moved = another.client("bob"); // another name: a test client numbers its messages from 1
        JsonNode joined = moved.join("lobby");
        assertThat(ChatClient.texts(joined.path("messages"))).containsExactly("at one");
        assertThat(moved.say("lobby", "at another").path("seq").asLong()).isEqualTo(2);
    }
}
