package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Strangers who drip headers and bodies, without a token: nobody else notices. The long run is {@code benchmarks/slow_senders.py}. */
@Timeout(120)
final class SlowSendersTest {
    private static final int SLOW = 300; // 260 once froze the chat

    @TempDir
    private Path folder;

    @Test
    void slowBodiesAndHeadersHoldNeitherSocketsNorHealthNorTheShutdown() throws Exception {
        // Long enough for all of them to be there at once, on a slow machine too.
        try (ImFixture server = ImFixture.start(folder, "--request-limit", "8s", "--drain-timeout", "20s");
                SlowSenders slow = new SlowSenders(server.address())) {
            ChatClient ann = server.client("ann");
            ann.join("lobby");
            slow.open(SLOW, "POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
            slow.open(SLOW, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
            await().until(() -> server.metric("im_in_flight{gate=\"business\"}") >= SLOW);

            for (int i = 0; i < 50; i++) {
                assertThat(ann.say("lobby", "message " + i).path("t").asText()).isEqualTo("ack");
            }
            assertThat(server.admin("readyz").statusCode()).isEqualTo(200);
            assertThat(server.metric("im_threads_free")).isPositive();
            URI status = server.address().resolve("/api/status");
            assertThat(HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(status)
                                            .timeout(Duration.ofSeconds(10))
                                            .build(),
                                    BodyHandlers.ofString())
                            .statusCode())
                    .isEqualTo(200);

            ShutdownReport report = server.shutdown();
            assertThat(report.isClean()).isTrue();
            // Each body has 8 s, and a millisecond for each of its bytes.
            assertThat(report.phases().get(Phase.DRAIN)).isLessThan(Duration.ofSeconds(10));
            assertThat(report.gates()).allMatch(gate -> gate.abandoned() == 0);
        }
    }

    @Test
    void bothAreCutInTime() throws Exception {
        try (ImFixture server = ImFixture.start(folder);
                SlowSenders slow = new SlowSenders(server.address())) {
            slow.open(20, "POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
            slow.open(20, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ");

            await().atMost(30, TimeUnit.SECONDS).until(() -> slow.cut() == 40);
            assertThat(slow.answers()).hasSize(20).allMatch(answer -> answer.startsWith("HTTP/1.1 408"));
        }
    }
}
