package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class SlowReaderTest {
    private static final int QUEUE = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void aClientThatStopsReadingIsClosedWith1013AndDelaysNobody() throws Exception {
        try (ImFixture server = ImFixture.start(folder, "--send-rate", "10000", "--queue-bytes", "" + QUEUE)) {
            RawClient slow = RawClient.connect(server.address(), false).hello(server.address(), "slow");
            slow.send("{\"t\":\"join\",\"id\":\"1\",\"room\":\"lobby\"}");
            ChatClient ann = server.client("ann");
            ChatClient bob = server.client("bob");
            ann.join("lobby");
            bob.join("lobby");
            String text = "x".repeat(4_000);
            double most = 0;
            int sent = 0;
            while (server.metric("im_sessions") == 3 || sent < 500) {
                for (int i = 0; i < 50; i++) {
                    assertThat(ann.say("lobby", text).path("t").asText()).isEqualTo("ack");
                }
                sent += 50;
                most = Math.max(most, server.metric("im_client_queue_bytes"));
                if (server.admin("metrics").body().contains("im_closes_total{code=\"1013\"} 1")) {
                    break;
                }
                assertThat(sent)
                        .as("messages sent to a client that does not read")
                        .isLessThan(20_000);
            }
            slow.readAll(); // it wakes, and learns why
            assertThat(slow.awaitCloseCode()).isEqualTo(1013);
            int all = sent;
            await().until(() -> bob.heard().size() == all);
            assertThat(most).isLessThan(2.0 * QUEUE); // its own, and what the others are just being told
            await().until(() -> server.metric("im_client_queue_bytes") == 0);
            assertThat(server.metric("im_sessions")).isEqualTo(2);
        }
    }

    @Test
    void aClientThatTakesNoAnswerAtAllIsClosedAndCutInTime() throws Exception {
        try (ImFixture server =
                ImFixture.start(folder, "--read-limit", "1s", "--heartbeat", "1m", "--send-rate", "10000")) {
            ChatClient ann = server.client("ann");
            ann.join("lobby");
            for (int i = 0; i < 30; i++) {
                ann.say("lobby", "x".repeat(4_000));
            }
            RawClient greedy = RawClient.connect(server.address(), false).hello(server.address(), "greedy");
            for (int i = 0; i < 200; i++) { // it asks for 24 MB, and takes none of it
                greedy.send("{\"t\":\"history\",\"id\":\"1\",\"room\":\"lobby\",\"limit\":300}");
            }
            await().until(() -> server.metric("im_sessions") == 2);
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                // what it asked for is not even read while it does not take what it was answered
                assertThat(server.metric("im_client_queue_bytes")).isLessThan(1 << 20);
                return server.metric("im_sessions") == 1;
            });
            assertThat(server.metric("im_closes_total{code=\"1013\"}")).isEqualTo(1);
            assertThat(server.metric("im_client_queue_bytes")).isZero();
        }
    }
}
