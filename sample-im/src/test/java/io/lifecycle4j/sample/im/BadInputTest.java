package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.Socket;
import java.net.http.WebSocketHandshakeException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What clients get for what is wrong: a code each, and the server goes on as if nothing had been. */
@Timeout(120)
final class BadInputTest {
    @TempDir
    private static Path folder;

    private static final Logger ROOT = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private static final ListAppender<ILoggingEvent> LOG = new ListAppender<>();
    private static ImFixture server;

    @BeforeAll
    static void start() throws Exception {
        LOG.start();
        ROOT.addAppender(LOG);
        server = ImFixture.start(folder, "--send-rate", "20", "--frame-rate", "100", "--hello-limit", "3s");
    }

    /** Whatever the tests here have sent, the log has no stack and nothing above INFO, and people can chat. */
    @AfterAll
    static void theServerIsUnharmed() throws Exception {
        ChatClient ann = server.client("ann");
        ann.join("after");
        assertThat(ann.say("after", "hello").path("t").asText()).isEqualTo("ack");
        await().until(() -> server.metric("im_client_queue_bytes") == 0);
        server.close();
        ROOT.detachAppender(LOG);
        assertThat(LOG.list).allMatch(event -> event.getThrowableProxy() == null);
        assertThat(LOG.list).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "not JSON",
                "",
                "[]",
                "42",
                "null",
                "{} {}",
                "{\"t\":\"hello\"",
                "{}",
                "{\"t\":7}",
                "{\"t\":\"nonsense\"}",
                "{\"t\":\"send\",\"room\":\"lobby\",\"cid\":\"1\",\"text\":\"too early\"}",
                "{\"t\":\"hello\",\"v\":2,\"token\":\"x\"}",
                "{\"t\":\"hello\",\"v\":1}",
                "{\"t\":\"hello\",\"v\":1,\"token\":{}}"
            })
    void whatIsNotTheProtocolIsClosedWith4501(String text) throws Exception {
        assertThat(server.raw().send(text).awaitCloseCode()).isEqualTo(4501);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "not JSON",
                "null",
                "[]",
                "[\"send\",{\"room\":\"lobby\",\"cid\":\"1\",\"text\":\"in an array\"}]",
                "{\"t\":\"ClientFrame$Wrong\"}",
                "{}",
                "{\"t\":\"join\",\"room\":nonsense}",
                "{\"t\":\"pong\"} {}",
                "{\"t\":\"nonsense\"}",
                "{\"t\":\"hello\"}",
                "{\"t\":\"hello\",\"v\":1,\"token\":\"x\"}"
            })
    void whatIsNotTheProtocolIsClosedWith4501AfterTheHelloToo(String text) throws Exception {
        RawClient client = server.raw().hello(server.address(), "ann");
        client.await("welcome");
        assertThat(client.send(text).awaitCloseCode()).isEqualTo(4501);
    }

    @Test
    void nestingWithoutEndIsClosedWith4501() throws Exception {
        assertThat(server.raw().send("[".repeat(30_000)).awaitCloseCode()).isEqualTo(4501);
    }

    @Test
    void aBinaryFrameIsClosedWith4501() throws Exception {
        assertThat(server.raw().sendBinary((byte) 1, (byte) 2).awaitCloseCode()).isEqualTo(4501);
    }

    @Test
    void whoSaysNothingIsClosedWith4501() throws Exception {
        assertThat(server.raw().awaitCloseCode()).isEqualTo(4501);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "a.b.c", "YW5u.99999999999.AAAA", "bnVsbA.e30.AAAA"})
    void aBadTokenIsClosedWith4500(String token) throws Exception {
        String hello = ChatClient.frame("hello").put("v", 1).put("token", token).toString();
        assertThat(server.raw().send(hello).awaitCloseCode()).isEqualTo(4500);
    }

    @Test
    void aFrameThatIsTooLargeIsClosedWith1009() throws Exception {
        RawClient client = server.raw().hello(server.address(), "ann");
        client.await("welcome");
        assertThat(client.send("{\"t\":\"pong\",\"x\":\"" + "x".repeat(40_000) + "\"}")
                        .awaitCloseCode())
                .isEqualTo(1009);
    }

    @Test
    void aFrameThatTheStandardForbidsIsClosedWith1002() throws Exception {
        try (Socket socket = RawHttp.open(
                server.address(),
                "GET /ws HTTP/1.1",
                "Host: localhost",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                "")) {
            socket.getOutputStream().write(new byte[] {(byte) 0x81, 1, 'x'}); // without a mask
            byte[] answer = socket.getInputStream().readAllBytes();
            String hex = HexFormat.of().formatHex(answer);
            assertThat(hex).containsPattern("88..03ea"); // a close frame
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'t':'join','id':'1'}|error|bad_frame|room (expected: a string of 1 to 64 characters)",
                "{'t':'join','id':'1','room':7}|error|bad_frame|room (expected: a string of 1 to 64 characters)",
                "{'t':'join','id':'1','room':'a/b'}|error|forbidden|room: 'a/b' (expected: letters, digits, or . _ - inside)",
                "{'t':'join','id':'1','room':'lobby','after':{'epoch':'x','seq':'1'}}|error|bad_frame|seq (expected: a whole number >= 0)",
                "{'t':'join','id':'1','room':'lobby','after':7}|error|bad_frame|after (expected: {epoch, seq})",
                "{'t':'join','id':'1','room':'lobby','after':{'epoch':'x'}}|error|bad_frame|seq (expected: a whole number >= 0)",
                "{'t':'received','id':'1','room':'lobby'}|error|bad_frame|seq (expected: a whole number >= 0)",
                "{'t':'received','id':'1','room':'lobby','seq':null}|error|bad_frame|seq (expected: a whole number >= 0)",
                "{'t':'send','id':'1','room':'lobby','text':'no cid'}|error|bad_frame|cid (expected: a string of 1 to 64 characters)",
                "{'t':'send','id':'1','room':'lobby','cid':'c','text':7}|error|bad_frame|text (expected: a string that is not empty)",
                "{'t':'send','id':'1','room':'elsewhere','cid':'c','text':'not joined'}|nack|forbidden|room: 'elsewhere' (expected: one that was joined)",
                "{'t':'send','id':'1','room':'a/b','cid':'c','text':'no name'}|nack|forbidden|room: 'a/b' (expected: one that was joined)",
                "{'t':'send','id':'1','room':'lobby','cid':'c','text':'  '}|nack|forbidden|text: nothing to see (expected: a visible character)",
                "{'t':'send','id':'1','room':'lobby','cid':'c','text':'\\u00a0\\u200b \\u2060\\u3164'}|nack|forbidden|text: nothing to see (expected: a visible character)",
                "{'t':'history','id':'1','room':'lobby','before':-1}|error|bad_frame|before (expected: a whole number >= 0)",
                "{'t':'history','id':'1','room':'lobby','before':1e30}|error|bad_frame|before (expected: a whole number >= 0)",
                "{'t':'history','id':'1','room':'lobby','before':99999999999999999999}|error|bad_frame|before (expected: a whole number >= 0)",
                "{'t':'history','id':'1','room':'lobby','limit':1.5}|error|bad_frame|limit (expected: a whole number >= 1)",
                "{'t':'history','id':'1','room':'lobby','limit':0}|error|bad_frame|limit (expected: a whole number >= 1)",
            })
    void wrongFieldsAreAnsweredAndTheSessionGoesOn(String frame, String type, String code, String message)
            throws Exception {
        RawClient client = server.raw().hello(server.address(), "ann");
        client.send("{\"t\":\"join\",\"id\":\"0\",\"room\":\"lobby\"}").await("joined");
        JsonNode answer = client.send(frame.replace('\'', '"')).await(type);
        assertThat(answer.path("re").asText()).isEqualTo("1");
        assertThat(answer.path("code").asText()).isEqualTo(code);
        assertThat(answer.path("message").asText()).isEqualTo(message);
        assertThat(answer.path("retry").asBoolean()).isFalse();
        client.send("{\"t\":\"history\",\"id\":\"2\",\"room\":\"lobby\"}").await("history");
    }

    @Test
    void aTextThatIsTooLongIsDeclinedAndOneThatFitsIsNot() throws Exception {
        ChatClient ann = server.client("ann");
        ann.join("long");
        JsonNode answer = ann.say("long", "ä".repeat(2_049));
        assertThat(answer.path("code").asText()).isEqualTo("too_large");
        assertThat(answer.path("message").asText()).isEqualTo("text: 4098 bytes (expected: at most 4096)");
        assertThat(ann.say("long", "ä".repeat(2_048)).path("t").asText()).isEqualTo("ack");
        assertThat(ann.say("long", "\u0001".repeat(4_096)).path("t").asText()).isEqualTo("ack");
    }

    @Test
    void tooManyMessagesAreDeclinedWithATimeToWait() throws Exception {
        RawClient client = server.raw().hello(server.address(), "ann");
        client.send("{\"t\":\"join\",\"id\":\"0\",\"room\":\"lobby\"}").await("joined");
        for (int i = 0; i < 400; i++) {
            client.send(ChatClient.frame("send")
                    .put("room", "lobby")
                    .put("cid", "rate" + i)
                    .put("text", "hello")
                    .toString());
        }
        JsonNode nack = client.await("nack");
        assertThat(nack.path("code").asText()).isEqualTo("rate");
        assertThat(nack.path("retry").asBoolean()).isTrue();
        assertThat(nack.path("retry_ms").asLong()).isBetween(1L, 100L);
        assertThat(nack.path("message").asText()).isEqualTo("more than 20 messages a second");
    }

    @Test
    void aFloodOfFramesIsClosedWith4008() throws Exception {
        RawClient client = server.raw().hello(server.address(), "ann");
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 100_000; i++) {
                        client.send("{\"t\":\"pong\"}");
                    }
                })
                .isInstanceOf(ExecutionException.class);
        assertThat(client.awaitCloseCode()).isEqualTo(4008);
    }

    @Test
    void anotherOriginIsRefusedWith403AndOursIsNot() throws Exception {
        assertThatThrownBy(() -> RawClient.connect(server.address(), true, "http://evil.example"))
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        refused ->
                                assertThat(refused.getResponse().statusCode()).isEqualTo(403));
        RawClient.connect(server.address(), true, "http://" + server.address().getAuthority())
                .hello(server.address(), "ann")
                .await("welcome");
    }

    @Test
    void eachCodeIsCounted() throws Exception {
        server.raw().send("not JSON").awaitCloseCode();
        assertThat(server.metric("im_closes_total{code=\"4501\"}")).isPositive();
        assertThat(server.metric("im_nacks_total{code=\"draining\"}")).isZero();
    }
}
