package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.lifecycle4j.ShutdownReport;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class AdminTest {
    @TempDir
    private Path folder;

    @Test
    void metricsCountWhatWasDone() throws Exception {
        try (ImFixture server = ImFixture.start(folder)) {
            ChatClient ann = server.client("ann");
            ChatClient bob = server.client("bob");
            ann.join("lobby");
            bob.join("lobby");
            ann.say("lobby", "hello");
            ann.say("elsewhere", "not joined");
            bob.ask(ChatClient.frame("send")
                    .put("room", "lobby")
                    .put("cid", "x")
                    .put("text", "hello"));
            bob.ask(ChatClient.frame("send")
                    .put("room", "lobby")
                    .put("cid", "x")
                    .put("text", "hello"));
            HttpResponse<String> metrics = server.admin("metrics");
            assertThat(metrics.headers().firstValue("content-type"))
                    .hasValue("text/plain; version=0.0.4; charset=utf-8");
            assertThat(server.metric("im_sessions")).isEqualTo(2);
            assertThat(server.metric("im_rooms")).isEqualTo(1);
            assertThat(server.metric("im_frames_received_total")).isEqualTo(8);
            assertThat(server.metric("im_sends_total")).isEqualTo(3);
            assertThat(server.metric("im_acks_total{dup=\"false\"}")).isEqualTo(2);
            assertThat(server.metric("im_acks_total{dup=\"true\"}")).isEqualTo(1);
            assertThat(server.metric("im_nacks_total{code=\"forbidden\"}")).isEqualTo(1);
            assertThat(server.metric("im_commit_seconds_count")).isEqualTo(3);
            assertThat(server.metric("im_commit_seconds_sum")).isPositive();
            assertThat(server.metric("im_deliveries_total")).isBetween(4.0, 6.0); // a duplicate's are begun, not sent
            assertThat(server.metric("im_state{state=\"RUNNING\"}")).isEqualTo(1);
            assertThat(server.metric("im_phase{phase=\"DRAIN\"}")).isZero();
            assertThat(server.metric("im_shutdown_seconds")).isZero();
            assertThat(server.metric("im_in_flight{gate=\"sends\"}")).isZero();
            assertThat(server.metric("im_rejected_total{gate=\"business\"}")).isZero();
            assertThat(server.metric("im_store_queue")).isZero();
            assertThat(server.metric("im_heap_bytes")).isPositive();
        }
    }

    @Test
    void statusTellsAnOperatorHowTheServerFares() throws Exception {
        try (ImFixture server = ImFixture.start(folder)) {
            server.client("ann").join("lobby");
            JsonNode status = server.status();
            assertThat(status.path("state").asText()).isEqualTo("RUNNING");
            assertThat(status.path("ready").asBoolean()).isTrue();
            assertThat(status.path("sessions").asInt()).isEqualTo(1);
            assertThat(status.path("rooms").asInt()).isEqualTo(1);
            assertThat(status.path("in_flight").path("sends").asInt(-1)).isZero();
            assertThat(status.path("rejected").path("business").asInt(-1)).isZero();
            assertThat(status.path("queued").path("messages_to_store").asInt(-1))
                    .isZero();
            assertThat(status.path("mongo").path("healthy").asBoolean()).isTrue();
            assertThat(status.has("shutdown_seconds")).isFalse();
        }
    }

    @Test
    void duringTheDrainMetricsAndStatusGoOnAndSayHowLongItHasLasted() throws Exception {
        try (ImFixture server = ImFixture.start(folder, "--announce-delay", "3s")) {
            ChatClient ann = server.client("ann");
            ann.join("lobby");
            server.askToShutDown();
            await().until(() ->
                    server.metric("im_phase{phase=\"ANNOUNCE\"}") == 1); // asked for, it begins on another thread
            assertThat(server.metric("im_state{state=\"STOPPING\"}")).isEqualTo(1);
            await().until(() -> server.metric("im_shutdown_seconds") > 0);
            assertThat(server.status().path("shutdown_seconds").asDouble()).isPositive();
            assertThat(server.status().path("ready").asBoolean(true)).isFalse();
            assertThat(ann.say("lobby", "still served").path("t").asText()).isEqualTo("ack");
        }
    }

    @Test
    void aShutdownIsToldWithItsReasonAndEachClientHasATimeOfItsOwnToComeBack() throws Exception {
        RawClient[] clients = new RawClient[20];
        ShutdownReport report;
        try (ImFixture server = ImFixture.start(folder, "--leaving", "shutdown")) {
            for (int i = 0; i < clients.length; i++) {
                clients[i] = server.raw().hello(server.address(), "user" + i);
                clients[i].await("welcome");
            }
            report = server.shutdown();
        }
        assertThat(report.isClean()).as("%s", report).isTrue();
        Set<Long> times = new HashSet<>();
        for (RawClient client : clients) {
            JsonNode goodbye = client.await("going_away");
            assertThat(goodbye.path("reason").asText()).isEqualTo("shutdown");
            assertThat(goodbye.path("deadline_ms").asLong()).isPositive();
            assertThat(goodbye.path("retry_after_ms").asLong()).isBetween(500L, 2_000L);
            times.add(goodbye.path("retry_after_ms").asLong());
            assertThat(client.awaitCloseCode()).isEqualTo(1001);
        }
        assertThat(times).hasSizeGreaterThan(10);
    }
}
