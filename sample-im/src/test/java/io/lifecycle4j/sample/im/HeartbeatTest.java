package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class HeartbeatTest {
    @TempDir
    private Path folder;

    @Test
    void aPeerWithoutPongIsCutAndASilentOneThatLivesIsNotAndItsRoundTripIsKnown() throws Exception {
        try (ImFixture server = ImFixture.start(folder, "--heartbeat", "1s")) {
            RawClient silent = server.raw().hello(server.address(), "silent");
            RawClient dead = RawClient.connect(server.address(), false).hello(server.address(), "dead");
            assertThat(silent.await("welcome").path("heartbeat_ms").asLong()).isEqualTo(1_000);
            await().until(() -> server.metric("im_dead_peers_total") == 1);
            await().until(() -> server.metric("im_client_round_trip_seconds_count") >= 5); // a while has passed
            assertThat(silent.isClosed()).isFalse();
            silent.await("ping");
            silent.send("{\"t\":\"history\",\"id\":\"1\",\"room\":\"lobby\"}").await("history");
            assertThat(server.metric("im_sessions")).isEqualTo(1);
            assertThat(server.status()
                            .path("clients")
                            .path("slowest_round_trip_ms")
                            .asDouble())
                    .isBetween(0.001, 5_000.0);
            dead.readAll();
        }
    }

    @Test
    void aPongThatAnswersNoPingMakesNoRoundTrip() throws Exception {
        try (ImFixture server = ImFixture.start(folder, "--heartbeat", "1m")) {
            RawClient client = server.raw().hello(server.address(), "liar");
            client.await("welcome");
            client.sendPong(new byte[Long.BYTES]).sendPong((byte) 1).sendPong();
            client.send("{\"t\":\"history\",\"id\":\"1\",\"room\":\"lobby\"}").await("history");
            assertThat(server.metric("im_client_round_trip_seconds_count")).isZero();
        }
    }
}
