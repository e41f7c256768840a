package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The business port's HTTP: what it takes, from whom, and what it answers to what is wrong. */
@Timeout(120)
final class HttpApiTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final int MORE_THAN_THREADS = 250; // Jetty's pool has 200

    @TempDir
    private static Path folder;

    private static ImFixture server;

    @BeforeAll
    static void start() throws Exception {
        server = ImFixture.start(folder, "--demo", "--drain-timeout", "1ms");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/page.js", "/index.html", "/"})
    void theBrowserKeepsAFileOfThePageAsLongAsItsContentIsTheSameWhateverItsDate(String path) throws Exception {
        HttpResponse<String> first = get(path);
        String tag = first.headers().firstValue("etag").orElseThrow();
        assertThat(first.headers().firstValue("last-modified")).isEmpty();
        assertThat(first.headers().firstValue("cache-control")).hasValue("no-cache");
        assertThat(get(path, "If-None-Match", tag).statusCode()).isEqualTo(304);
        assertThat(get(path, "If-None-Match", "\"of another build\"").body()).isEqualTo(first.body());
        assertThat(get(path, "If-Modified-Since", "Thu, 01 Jan 2099 00:00:00 GMT")
                        .body())
                .isEqualTo(first.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"", "x", "\"\u00e4\"", "W/", ", ,"})
    void aTagThatIsNotWellFormedIsNoCondition(String tag) throws Exception {
        assertThat(send(request("/chat.js").header("If-None-Match", tag)).statusCode())
                .isEqualTo(200);
    }

    @Test
    void aBodyThatIsNoUtf8IsAProblemOfItsClient() throws Exception {
        HttpResponse<String> answer =
                send(request("/api/tokens").POST(BodyPublishers.ofByteArray(new byte[] {'{', (byte) 0xe7, '}'})));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertProblem(answer);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/nonsense, 404,",
        "GET, /api/, 404,",
        "GET, /api/rooms/lobby, 404,",
        "GET, /api/tokens, 405, POST",
        "DELETE, /api/rooms/lobby/messages, 405, 'GET, HEAD'",
        "POST, /api/status, 405, 'GET, HEAD'",
        "GET, /nonsense, 404,",
        "OPTIONS, /nonsense, 405, 'GET, HEAD'",
        "POST, /, 405, 'GET, HEAD'",
    })
    void whatIsNotThereIsAProblemInJson(String method, String path, int status, String allowed) throws Exception {
        HttpResponse<String> answer = send(request(path).method(method, BodyPublishers.noBody()));
        assertThat(answer.statusCode()).isEqualTo(status);
        assertProblem(answer);
        assertThat(answer.headers().firstValue("allow").orElse(null)).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "limit=-1|limit (expected: a whole number >= 1)",
                "limit=0|limit (expected: a whole number >= 1)",
                "before=-1|before (expected: a whole number >= 0)",
                "limit=x|expected: before and limit as numbers",
            })
    void wrongNumbersAre400(String query, String detail) throws Exception {
        HttpResponse<String> answer = history("lobby", query);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(assertProblem(answer).path("detail").asText()).isEqualTo(detail);
    }

    @Test
    void aLimitAboveTheMostIsTakenForIt() throws Exception {
        assertThat(history("lobby", "limit=301").statusCode()).isEqualTo(200);
    }

    @Test
    void aRoomWhoseNameIsNotAsciiHasItsHistoryToo() throws Exception {
        ChatClient ann = server.client("ann");
        ann.join("straße");
        ann.say("straße", "hello");
        assertThat(history("stra%C3%9Fe", "").body()).contains("hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ann ", " ann", "", ".ann", "ann\\u00a0", "a/b"})
    void aNameThatDoesNotLookLikeOneIs400(String name) throws Exception {
        HttpResponse<String> answer =
                send(request("/api/tokens").POST(BodyPublishers.ofString("{\"user\":\"" + name + "\"}")));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(assertProblem(answer).path("detail").asText()).contains("does not end with a blank");
    }

    @ParameterizedTest
    @CsvSource({"1, 200", "1000, 200", "1025, 413", "100000, 413"})
    void aBodyOfAtMost1024BytesIsTakenWhetherItsLengthIsSaidOrNot(int size, int status) throws Exception {
        String body = "{\"user\":\"ann\"}" + " ".repeat(Math.max(0, size - 14));
        HttpResponse<String> said = send(request("/api/tokens").POST(BodyPublishers.ofString(body)));
        assertThat(said.statusCode()).isEqualTo(status);
        String chunked = postInChunks(Integer.toHexString(body.length()), body, "0", "");
        assertThat(chunked).startsWith("HTTP/1.1 " + status);
        if (status != 200) {
            assertProblem(said);
            assertThat(chunked).contains("application/problem+json");
        }
    }

    @Test
    void aMalformedChunkIs400() throws Exception {
        assertThat(postInChunks("nonsense", "{\"user\":\"ann\"}", "0", "")).startsWith("HTTP/1.1 400");
    }

    @Test
    void bodiesThatDoNotComeHoldNoThread() throws Exception {
        assertThatTheServerAnswersDespite(
                "POST /api/tokens HTTP/1.1", "Host: localhost", "Content-Length: 14", "", "{\"user\":");
    }

    @Test
    void slowRequestsHoldNoThread() throws Exception {
        assertThatTheServerAnswersDespite("GET /demo/slow?millis=60000 HTTP/1.1", "Host: localhost", "");
    }

    private static void assertThatTheServerAnswersDespite(String... request) throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < MORE_THAN_THREADS; i++) {
                sockets.add(RawHttp.open(server.address(), request));
            }
            await().until(() -> server.metric("im_in_flight{gate=\"business\"}") >= MORE_THAN_THREADS);
            assertThat(send(request("/").timeout(Duration.ofSeconds(10))).statusCode())
                    .isEqualTo(200);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void whoAsksForNoWebSocketIsToldToUpgrade() throws Exception {
        HttpResponse<String> answer = get("/ws");
        assertThat(answer.statusCode()).isEqualTo(426);
        assertThat(answer.headers().firstValue("upgrade")).hasValue("websocket");
        assertProblem(answer);
    }

    @Test
    void whatIsSentByAPageOfAnotherOriginIsAnsweredWithoutLeaveToReadIt() throws Exception {
        HttpResponse<String> answer = get("/api/status", "Origin", "https://chat.example.org");
        assertThat(answer.headers().map().keySet()).noneMatch(name -> name.startsWith("access-control"));
    }

    @Test
    void pagesOfTheOriginsThatAreAllowedMayCallTheApiAndNoOthers(@TempDir Path data) throws Exception {
        try (ImFixture open = ImFixture.start(data, "--allow-origin", "https://chat.example.org,https://b.example")) {
            assertThat(preflight(open))
                    .startsWith("http/1.1 200")
                    .contains("access-control-allow-origin: https://chat.example.org\r\n")
                    .containsPattern("access-control-allow-headers: .*authorization")
                    .doesNotContain("credentials");
            for (String origin : List.of("https://chat.example.org", "https://b.example")) {
                assertThat(allowedOrigin(open, "/api/rooms/lobby/messages", origin))
                        .isEqualTo(origin);
            }
            assertThat(allowedOrigin(open, "/api/status", "https://chatXexample.org"))
                    .isNull();
            assertThat(allowedOrigin(open, "/", "https://b.example")).isNull();
        }
    }

    @Test
    void aPageOfAnAllowedOriginCanReadTheRejectionOfTheDrain(@TempDir Path data) throws Exception {
        String origin = "https://chat.example.org";
        try (ImFixture open = ImFixture.start(data, "--demo", "--allow-origin", origin);
                Socket slow = RawHttp.open(
                        open.address(),
                        "GET /demo/slow?millis=5000 HTTP/1.1",
                        "Host: localhost",
                        "Connection: close",
                        "")) {
            await().until(() -> open.status().at("/in_flight/business").asInt() > 0);
            open.askToShutDown();
            URI history = open.address().resolve("/api/rooms/lobby/messages");
            HttpResponse<String> rejected = await().until(
                            () -> send(HttpRequest.newBuilder(history).header("Origin", origin)),
                            answer -> answer.statusCode() == 503);
            assertThat(rejected.headers().map())
                    .containsEntry("access-control-allow-origin", List.of(origin))
                    .containsEntry("access-control-expose-headers", List.of("Retry-After"))
                    .containsEntry("vary", List.of("Origin"));
            HttpResponse<String> stranger = send(HttpRequest.newBuilder(history).header("Origin", "https://b.example"));
            assertThat(stranger.statusCode()).isEqualTo(503);
            assertThat(stranger.headers().firstValue("access-control-allow-origin"))
                    .isEmpty();
            assertThat(preflight(open))
                    .startsWith("http/1.1 200")
                    .contains("access-control-allow-origin: " + origin + "\r\n");
            assertThat(new String(slow.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("done after");
        }
    }

    private static String preflight(ImFixture server) throws Exception {
        String answer = RawHttp.answer(
                server.address(),
                "OPTIONS /api/rooms/lobby/messages HTTP/1.1",
                "Host: localhost",
                "Connection: close",
                "Origin: https://chat.example.org",
                "Access-Control-Request-Method: GET",
                "Access-Control-Request-Headers: authorization",
                "");
        return answer.toLowerCase(Locale.ROOT);
    }

    private static @Nullable String allowedOrigin(ImFixture open, String path, String origin) throws Exception {
        return send(HttpRequest.newBuilder(open.address().resolve(path)).header("Origin", origin))
                .headers()
                .firstValue("access-control-allow-origin")
                .orElse(null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/api/status", "/ws"})
    void aNameThatWasPointedAtThisServerIsMisdirected(String path) throws Exception {
        List<String> request = new ArrayList<>(
                List.of("GET " + path + " HTTP/1.1", "Host: evil.example:8080", "Origin: http://evil.example:8080"));
        request.addAll(
                path.equals("/ws")
                        ? List.of(
                                "Connection: Upgrade, close",
                                "Upgrade: websocket",
                                "Sec-WebSocket-Version: 13",
                                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
                        : List.of("Connection: close"));
        request.add("");
        String answer = RawHttp.answer(server.address(), request.toArray(String[]::new));
        assertThat(answer)
                .startsWith("HTTP/1.1 421")
                .contains("application/problem+json", "host 'evil.example' (expected: ", "--server-name");
    }

    @Test
    void localhostAddressesAndTheNamesThatAreGivenAreServed(@TempDir Path data) throws Exception {
        try (ImFixture named = ImFixture.start(data, "--server-name", "chat.example.org,Im.Example")) {
            for (String host : List.of(
                    "localhost",
                    "LOCALHOST:1",
                    "127.0.0.1",
                    "10.1.2.3:80",
                    "[::1]:8080",
                    "chat.example.org",
                    "CHAT.example.org:443",
                    "im.example")) {
                assertThat(statusFor(named.address(), host)).as(host).isEqualTo("200");
            }
            for (String host : List.of("example.org", "chat.example.org.evil.example", "1.2.3.4.evil.example")) {
                assertThat(statusFor(named.address(), host)).as(host).isEqualTo("421");
            }
        }
    }

    private static String statusFor(URI address, String host) throws Exception {
        return RawHttp.answer(address, "GET /api/status HTTP/1.1", "Host: " + host, "Connection: close", "")
                .substring(9, 12);
    }

    private static String postInChunks(String... lines) throws Exception {
        List<String> request = new ArrayList<>(List.of(
                "POST /api/tokens HTTP/1.1", "Host: localhost", "Connection: close", "Transfer-Encoding: chunked", ""));
        request.addAll(List.of(lines));
        return RawHttp.answer(server.address(), request.toArray(String[]::new));
    }

    private static HttpResponse<String> history(String room, String query) throws Exception {
        return get(
                "/api/rooms/" + room + "/messages?" + query,
                "Authorization",
                "Bearer " + ChatClient.token(server.address(), "ann"));
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(server.address().resolve(path));
    }

    private static HttpResponse<String> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = request(path);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    /** Returns the problem that a body is. */
    private static JsonNode assertProblem(HttpResponse<String> answer) throws Exception {
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/problem+json");
        JsonNode problem = new ObjectMapper().readTree(answer.body());
        assertThat(problem.path("status").asInt()).isEqualTo(answer.statusCode());
        assertThat(problem.path("detail").asText()).isNotEmpty();
        return problem;
    }
}
