package io.lifecycle4j.sample.im;

import static io.lifecycle4j.sample.im.ChatClient.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class ChatProtocolTest {
    @TempDir
    private static Path folder;

    private static final AtomicInteger USERS = new AtomicInteger();
    private static ImFixture server;

    @BeforeAll
    static void start() throws Exception {
        server = ImFixture.start(folder, "--max-rooms", "3", "--send-rate", "10000", "--frame-rate", "10000");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theDocumentExplainsEachFrameAndEachCode() throws Exception {
        String document = Files.readString(Path.of("../docs/im-protocol.md"));
        for (JsonSubTypes.Type type :
                ClientFrame.class.getAnnotation(JsonSubTypes.class).value()) {
            assertThat(document).contains("### C `" + type.name() + "`");
        }
        for (Class<?> type : ServerFrame.class.getPermittedSubclasses()) {
            String name = type.getAnnotation(JsonTypeName.class).value();
            assertThat(document).contains("### S `" + name + "`");
        }
        for (Protocol.Declined code : Protocol.Declined.values()) {
            assertThat(document).contains("| `" + code.wire() + "` | " + (code.isPassing() ? "yes" : "no"));
        }
        for (Protocol.CloseCode code : Protocol.CloseCode.values()) {
            assertThat(document).contains("| " + code.number() + " | ");
        }
    }

    @Test
    void twoClientsWhoSpeakAtOnceSeeTheSameMessagesInTheSameOrder() throws Exception {
        ChatClient ann = somebody();
        ChatClient bob = somebody();
        ann.join("both");
        bob.join("both");
        List<CompletableFuture<JsonNode>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(ann.sayLater("both", "ann " + i));
            answers.add(bob.sayLater("both", "bob " + i));
        }
        for (CompletableFuture<JsonNode> answer : answers) {
            assertThat(answer.get(20, TimeUnit.SECONDS).path("t").asText()).isEqualTo("ack");
        }
        await().until(() -> ann.heard().size() == 100 && bob.heard().size() == 100);
        assertThat(ann.heard()).isEqualTo(bob.heard());
        assertThat(ann.heard()).doesNotHaveDuplicates();
    }

    @Test
    void aClientIdSentTwiceIsStoredOnceAndAcknowledgedBothTimes() throws Exception {
        ChatClient ann = server.client("ann");
        ann.join("twice");
        ObjectNode message =
                frame("send").put("room", "twice").put("cid", "mine").put("text", "hello");
        JsonNode first = ann.ask(message);
        ChatClient again = server.client("ann"); // after a lost acknowledgement, on another connection
        again.join("twice");
        JsonNode second = again.ask(message);
        assertThat(first.path("dup").asBoolean()).isFalse();
        assertThat(second.path("t").asText()).isEqualTo("ack");
        assertThat(second.path("dup").asBoolean()).isTrue();
        assertThat(second.path("seq")).isEqualTo(first.path("seq"));
        assertThat(second.path("msg_id")).isEqualTo(first.path("msg_id"));
        again.say("twice", "next");
        await().until(() -> ann.heard().contains("next"));
        assertThat(ann.heard()).containsExactly("hello", "next");
        assertThat(ChatClient.history(server.address(), "ann", "twice")).containsExactly("hello", "next");
    }

    @Test
    void whoComesBackGetsExactlyWhatWasMissed() throws Exception {
        ChatClient ann = somebody();
        String epoch = ann.join("back").path("epoch").asText();
        for (int i = 1; i <= 10; i++) {
            ann.say("back", "message " + i);
        }
        JsonNode joined = joinAfter(somebody(), "back", epoch, 7);
        assertThat(joined.path("recovered").asBoolean()).isTrue();
        assertThat(joined.path("head").asLong()).isEqualTo(10);
        assertThat(joined.path("more").asBoolean()).isFalse();
        assertThat(sequences(joined)).containsExactly(8L, 9L, 10L);
        assertThat(sequences(joinAfter(somebody(), "back", epoch, 10))).isEmpty();
    }

    @Test
    void whoIsTooFarBehindOrOfAnotherHistoryIsToldSoAndPagesBack() throws Exception {
        ChatClient ann = somebody();
        String epoch = ann.join("far").path("epoch").asText();
        List<CompletableFuture<JsonNode>> answers = new ArrayList<>();
        for (int i = 1; i <= 310; i++) {
            answers.add(ann.sayLater("far", "message " + i));
        }
        for (CompletableFuture<JsonNode> answer : answers) {
            answer.get(20, TimeUnit.SECONDS);
        }
        ChatClient bob = somebody();
        for (JsonNode joined : List.of(
                joinAfter(bob, "far", epoch, 9), // 301 missed
                joinAfter(bob, "far", "another epoch", 309),
                joinAfter(bob, "far", epoch, 311))) { // more than there are
            assertThat(joined.path("recovered").asBoolean()).isFalse();
            assertThat(joined.path("more").asBoolean()).isTrue();
            assertThat(sequences(joined)).containsExactlyElementsOf(range(11, 310));
        }
        assertThat(sequences(joinAfter(bob, "far", epoch, 10))).hasSize(300);
        JsonNode page =
                bob.ask(frame("history").put("room", "far").put("before", 11).put("limit", 20));
        assertThat(sequences(page)).containsExactlyElementsOf(range(1, 10));
        assertThat(page.path("more").asBoolean()).isFalse();
    }

    @Test
    void longMessagesMakeAShorterPageThatSaysSo() throws Exception {
        ChatClient ann = somebody();
        String epoch = ann.join("long").path("epoch").asText();
        for (int i = 0; i < 40; i++) {
            ann.say("long", "x".repeat(4_000));
        }
        ChatClient bob = somebody();
        JsonNode joined = joinAfter(bob, "long", epoch, 0);
        assertThat(joined.path("recovered").asBoolean()).isFalse();
        assertThat(joined.path("more").asBoolean()).isTrue();
        assertThat(sequences(joined)).containsExactlyElementsOf(range(16, 40));
        JsonNode page =
                bob.ask(frame("history").put("room", "long").put("before", 16).put("limit", 300));
        assertThat(sequences(page)).containsExactlyElementsOf(range(1, 15));
    }

    @Test
    void noMessageFallsBetweenHistoryAndDeliveryHoweverOftenAClientJoins() throws Exception {
        ChatClient ann = somebody();
        ann.join("busy");
        ChatClient bob = somebody();
        List<CompletableFuture<JsonNode>> answers = new ArrayList<>();
        List<Long> seen = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            answers.add(ann.sayLater("busy", "message " + i));
            if (i % 4 == 0) {
                JsonNode joined = bob.join("busy");
                seen.addAll(sequences(joined));
            }
        }
        for (CompletableFuture<JsonNode> answer : answers) {
            answer.get(20, TimeUnit.SECONDS);
        }
        // What it was told by histories and what was handed on make the whole, whenever it joined.
        await().until(() -> Stream.concat(seen.stream(), bob.heardSequences().stream())
                .distinct()
                .sorted()
                .toList()
                .equals(range(1, 200)));
    }

    @Test
    void roomsAreForgottenWhenTheLastHasLeftAndOneSessionIsInAFewOnly() throws Exception {
        ChatClient ann = somebody();
        double before = server.metric("im_rooms");
        for (int i = 0; i < 3; i++) {
            assertThat(ann.join("room" + i).path("t").asText()).isEqualTo("joined");
        }
        assertThat(ann.join("room1").path("t").asText()).isEqualTo("joined"); // again
        JsonNode declined = ann.join("room3");
        assertThat(declined.path("code").asText()).isEqualTo("too_many_rooms");
        assertThat(server.metric("im_rooms")).isEqualTo(before + 3);
        RawClient other = server.raw().hello(server.address(), "bob");
        other.send("{\"t\":\"join\",\"id\":\"1\",\"room\":\"room9\"}").await("joined");
        assertThat(server.metric("im_rooms")).isEqualTo(before + 4);
        assertThat(other.send("not JSON").awaitCloseCode()).isEqualTo(4501);
        await().until(() -> server.metric("im_rooms") == before + 3);
    }

    @Test
    void whoLeavesARoomHearsNoMoreOfItAndHasPlaceForAnother() throws Exception {
        ChatClient ann = somebody();
        ChatClient bob = somebody();
        for (String room : List.of("left", "left-2", "left-3")) {
            ann.join(room);
        }
        bob.join("left");
        JsonNode left = ann.ask(frame("leave").put("room", "left"));
        assertThat(left.path("t").asText()).isEqualTo("left");
        assertThat(left.path("room").asText()).isEqualTo("left");
        bob.say("left", "is anybody there?");
        assertThat(ann.join("left-4").path("t").asText())
                .isEqualTo("joined"); // whatever was told before it is here, too
        assertThat(ann.heard()).isEmpty();
        assertThat(ann.say("left", "no").path("code").asText()).isEqualTo("forbidden");
        assertThat(ann.ask(frame("leave").put("room", "never joined")).path("t").asText())
                .isEqualTo("left");
        assertThat(ann.ask(frame("leave").put("room", 7)).path("code").asText()).isEqualTo("bad_frame");
    }

    @Test
    void theMembersOfARoomAreToldWhoIsThereWhoIsTypingAndWhoHasSeenWhat() throws Exception {
        ChatClient ann = somebody();
        ann.join("activity");
        awaitActivity(ann, "\"here\":[\"" + name(ann) + "\"]");
        ChatClient bob = somebody();
        bob.join("activity");
        List<String> both = Stream.of(name(ann), name(bob)).sorted().toList();
        awaitActivity(ann, "\"here\":[\"" + both.get(0) + "\",\"" + both.get(1) + "\"]");
        bob.send(frame("typing").put("room", "activity").toString());
        awaitActivity(ann, "\"typing\":[\"" + name(bob) + "\"]");
        ann.say("activity", "hello");
        await().until(() -> bob.heardSequences().contains(1L));
        bob.send(frame("received").put("room", "activity").put("seq", 1).toString());
        awaitActivity(ann, "\"seen\":{\"" + name(bob) + "\":1}");
        bob.ask(frame("leave").put("room", "activity"));
        awaitActivity(ann, "\"here\":[\"" + name(ann) + "\"]");
        // None of it is a message.
        assertThat(ChatClient.history(server.address(), "eve", "activity")).containsExactly("hello");
    }

    @Test
    void whatWasSeenBeforeARestartIsToldAfterIt(@TempDir Path data) throws Exception {
        try (ImFixture first = ImFixture.start(data)) {
            ChatClient ann = first.client("ann");
            ChatClient bob = first.client("bob");
            ann.join("seen");
            bob.join("seen");
            ann.say("seen", "hello");
            await().until(() -> bob.heardSequences().contains(1L));
            ChatClient eve = first.client("eve");
            eve.join("seen");
            eve.send(frame("received").put("room", "seen").put("seq", 2).toString()); // which there is not
            eve.ask(frame("history").put("room", "seen")); // answered after it
            bob.send(frame("received").put("room", "seen").put("seq", 1).toString());
            awaitActivity(ann, "\"seen\":{\"bob\":1}");
        }
        try (ImFixture second = ImFixture.start(data)) {
            ChatClient ann = second.client("ann");
            ann.join("seen");
            awaitActivity(ann, "\"seen\":{\"bob\":1}");
        }
    }

    @Test
    void whoIsNotInARoomTellsItNothing() throws Exception {
        ChatClient ann = somebody();
        ann.join("apart");
        awaitActivity(ann, "here");
        ChatClient eve = somebody();
        eve.send(frame("typing").put("room", "apart").toString());
        eve.send(frame("received").put("room", "apart").put("seq", 1).toString());
        eve.join("apart");
        eve.send(frame("typing").put("room", "apart").toString());
        awaitActivity(ann, "typing");
        assertThat(ann.told("activity").toString()).doesNotContain("seen");
    }

    private static void awaitActivity(ChatClient client, String part) {
        await().until(() -> {
            List<JsonNode> told = client.told("activity");
            return !told.isEmpty() && told.get(told.size() - 1).toString().contains(part);
        });
    }

    private static String name(ChatClient client) {
        return client.told("welcome").get(0).path("user").asText();
    }

    /** Somebody new: the ids of a user's messages are unique, whatever room they are in. */
    private static ChatClient somebody() throws Exception {
        return server.client("user" + USERS.incrementAndGet());
    }

    private static JsonNode joinAfter(ChatClient client, String room, String epoch, long seq) throws Exception {
        ObjectNode join = frame("join").put("room", room);
        join.putObject("after").put("epoch", epoch).put("seq", seq);
        return client.ask(join);
    }

    private static List<Long> sequences(JsonNode answer) {
        List<Long> sequences = new ArrayList<>();
        answer.path("messages")
                .forEach(message -> sequences.add(message.path("seq").asLong()));
        return sequences;
    }

    private static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }
}
