package io.lifecycle4j.sample.im;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Frames and requests that are nearly right: each answer is one of the documented ones, the log has no stack, and memory is given back. For
 * more of them: {@code -Dfuzz.frames=100000 -Dfuzz.requests=10000}; {@code -Dfuzz.seed} repeats a run.
 */
@Timeout(1800)
final class FuzzTest {
    // A half of a surrogate pair can be sent in no other way.
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
    private static final int FRAMES_A_SESSION = 200;
    private static final int FRAME_BYTES = 32_768;
    private static final long MOST_GROWTH = 32_000_000;
    private static final List<String> FRAMES = List.of(
            "{\"t\":\"hello\",\"id\":\"1\",\"v\":1,\"token\":\"x.y.z\",\"client\":\"fuzz\"}",
            "{\"t\":\"join\",\"id\":\"2\",\"room\":\"lobby\",\"after\":{\"epoch\":\"e\",\"seq\":7}}",
            "{\"t\":\"send\",\"id\":\"3\",\"room\":\"lobby\",\"cid\":\"c\",\"text\":\"hello\"}",
            "{\"t\":\"history\",\"id\":\"4\",\"room\":\"lobby\",\"before\":7,\"limit\":7}",
            "{\"t\":\"leave\",\"id\":\"5\",\"room\":\"lobby\"}",
            "{\"t\":\"typing\",\"room\":\"lobby\"}",
            "{\"t\":\"received\",\"room\":\"lobby\",\"seq\":7}",
            "{\"t\":\"pong\"}");
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "1e400",
            "9223372036854775808",
            "\"\"",
            "\" \"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\u202e\"",
            "\"lobby\"",
            "[]",
            "{}",
            "[[[[[[]]]]]]",
            "\"" + "x".repeat(600) + "\"",
            "\"" + "ä".repeat(5_000) + "\"");
    private static final String TOKENS =
            "POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{\"user\":\"ann\"}";
    private static final List<String> REQUESTS = List.of(
            TOKENS,
            "POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "e\r\n{\"user\":\"ann\"}\r\n0\r\n\r\n",
            "GET /api/rooms/lobby/messages?before=7&limit=7 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Authorization: Bearer x.y.z\r\n\r\n",
            "GET /api/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "GET /chat.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-None-Match: \"x\"\r\n\r\n",
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://localhost\r\n\r\n",
            "OPTIONS /api/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: http://localhost\r\n\r\n");
    // Jetty's own answers to what is no HTTP, and those of the document; 500 is none of them.
    private static final Set<Integer> STATUSES = Set.of(
            101, 200, 206, 302, 304, 400, 401, 403, 404, 405, 408, 411, 412, 413, 414, 415, 416, 417, 421, 426, 431,
            501, 503, 505);

    private final long seed = Long.getLong("fuzz.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @TempDir
    private Path folder;

    @BeforeEach
    void listen() {
        log.start();
        root.addAppender(log);
    }

    @AfterEach
    void nothingIsAnErrorInTheLog() {
        root.detachAppender(log);
        assertThat(log.list).as("seed %d", seed).allMatch(event -> event.getThrowableProxy() == null);
        assertThat(log.list)
                .as("seed %d", seed)
                .noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
    }

    @Test
    void eachFrameIsAnsweredAsTheDocumentSaysAndMemoryIsGivenBack() throws Exception {
        Set<Integer> codes =
                Arrays.stream(CloseCode.values()).map(CloseCode::number).collect(Collectors.toSet());
        codes.add(1000); // the answer to the client's own
        int frames = Integer.getInteger("fuzz.frames", 3_000);
        try (ImFixture server = ImFixture.start(
                folder, "--frame-bytes", "" + FRAME_BYTES, "--frame-rate", "1000000", "--send-rate", "1000000")) {
            session(server, 500, codes);
            long before = usedHeap();
            for (int sent = 0; sent < frames; ) {
                sent += session(server, Math.min(FRAMES_A_SESSION, frames - sent), codes);
            }
            assertThat(usedHeap() - before).as("seed %d", seed).isLessThan(MOST_GROWTH);
        }
    }

    /** Sends frames until the server closes the connection, or so many; returns how many it were. */
    private int session(ImFixture server, int most, Set<Integer> codes) throws Exception {
        RawClient client = server.raw().hello(server.address(), "fuzz");
        client.await("welcome");
        client.send("{\"t\":\"join\",\"id\":\"0\",\"room\":\"lobby\"}");
        int sent = 0;
        boolean tooBig = false;
        while (sent < most && !client.isClosed()) {
            sent++;
            String frame = frame();
            tooBig |= frame.getBytes(UTF_8).length > FRAME_BYTES;
            try {
                client.send(frame);
            } catch (ExecutionException e) { // it has been closed meanwhile
                break;
            }
        }
        if (!client.isClosed()) {
            client.leave();
        }
        try {
            assertThat(client.awaitCloseCode()).as("seed %d", seed).isIn(codes);
        } catch (ExecutionException e) {
            // Jetty ends the connection with its 1009, and what was still being sent then resets it.
            assertThat(tooBig).as("seed %d: %s", seed, e).isTrue();
        }
        for (JsonNode told : client.told()) {
            assertThat(ProtocolSchemaTest.OF_THE_SERVER.validate(told))
                    .as("seed %d: %s", seed, told)
                    .isEmpty();
        }
        return sent;
    }

    private String frame() throws IOException {
        ObjectNode frame = (ObjectNode) MAPPER.readTree(FRAMES.get(random.nextInt(FRAMES.size())));
        List<String> names = new ArrayList<>();
        frame.fieldNames().forEachRemaining(names::add);
        for (int change = random.nextInt(3); change >= 0; change--) {
            String name = names.get(random.nextInt(names.size()));
            switch (random.nextInt(name.equals("t") ? 40 : 4)) { // a wrong type ends the session, and few frames shall
                case 0 -> frame.remove(name);
                case 1, 2 -> frame.set(name, MAPPER.readTree(VALUES.get(random.nextInt(VALUES.size()))));
                default -> frame.put("x" + random.nextInt(), random.nextInt());
            }
        }
        String text = MAPPER.writeValueAsString(frame);
        return random.nextInt(50) == 0 ? damaged(text) : text;
    }

    @Test
    void eachRequestIsAnsweredAsTheDocumentSays() throws Exception {
        int requests = Integer.getInteger("fuzz.requests", 500);
        try (ImFixture server = ImFixture.start(folder, "--request-limit", "200ms")) {
            int answered = 0;
            for (int i = 0; i < requests; i++) {
                String request = damaged(REQUESTS.get(random.nextInt(REQUESTS.size())));
                String answer = answer(server, request);
                assertThat(answer).as("seed %d: %s", seed, request).doesNotContain("Exception", "\tat ");
                if (!answer.isEmpty()) { // the header was not whole
                    answered++;
                    assertThat(Integer.parseInt(answer.substring(9, 12)))
                            .as("seed %d: %s%n%s", seed, request, answer)
                            .isIn(STATUSES);
                }
            }
            assertThat(answered).isGreaterThan(requests / 2);
            assertThat(answer(server, TOKENS)).startsWith("HTTP/1.1 200");
        }
    }

    private static String answer(ImFixture server, String request) throws IOException {
        StringBuilder answer = new StringBuilder();
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            socket.shutdownOutput();
            for (int read = socket.getInputStream().read();
                    read >= 0;
                    read = socket.getInputStream().read()) {
                answer.append((char) read);
            }
        } catch (SocketException e) {
            return answer.toString();
        }
        return answer.toString();
    }

    /** Some characters are changed, dropped or doubled. */
    private String damaged(String text) {
        StringBuilder damaged = new StringBuilder(text);
        for (int change = random.nextInt(4); change >= 0 && !damaged.isEmpty(); change--) {
            int at = random.nextInt(damaged.length());
            switch (random.nextInt(4)) {
                case 0 -> damaged.setCharAt(at, (char) random.nextInt(256));
                case 1 -> damaged.deleteCharAt(at);
                case 2 -> damaged.insert(at, damaged.charAt(at));
                default -> damaged.delete(at, Math.min(damaged.length(), at + random.nextInt(8)));
            }
        }
        return damaged.toString();
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
