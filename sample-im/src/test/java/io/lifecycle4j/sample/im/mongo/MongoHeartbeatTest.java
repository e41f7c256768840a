package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class MongoHeartbeatTest {
    private static final Duration INTERVAL = Duration.ofMillis(200);

    @TempDir
    private Path folder;

    @Test
    void noticesAFrozenServerAndItsReturn() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                MongoFixture mongo = new MongoFixture(folder, proxy);
                MongoHeartbeat heartbeat = new MongoHeartbeat(mongo.connection, INTERVAL)) {
            assertThat(heartbeat.isHealthy()).isTrue();
            proxy.freeze();
            await().atMost(Duration.ofSeconds(2)).until(() -> !heartbeat.isHealthy());
            proxy.thaw();
            await().atMost(Duration.ofSeconds(10)).until(heartbeat::isHealthy);
        }
    }

    @Test
    void noticesAKilledServerAndItsSuccessor() throws Exception {
        MongoFixture mongo = new MongoFixture(folder);
        try (mongo;
                MongoHeartbeat heartbeat = new MongoHeartbeat(mongo.connection, INTERVAL)) {
            EmbeddedMongo killed = mongo.database.embedded();
            killed.close();
            await().atMost(Duration.ofSeconds(2)).until(() -> !heartbeat.isHealthy());
            EmbeddedMongo successor = EmbeddedMongo.open(folder, killed.port());
            try (successor) {
                await().atMost(Duration.ofSeconds(10)).until(heartbeat::isHealthy);
            }
        }
    }

    @Test
    void staysHealthyWhenTheClientClosesAfterItAndEndsItsThread() throws Exception {
        MongoHeartbeat heartbeat;
        try (MongoFixture mongo = new MongoFixture(folder)) {
            heartbeat = new MongoHeartbeat(mongo.connection, INTERVAL); // also a ping's limit: not too short to be met
            heartbeat.close();
        }
        assertThat(heartbeat.isHealthy()).isTrue();
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("im-mongo-heartbeat")));
    }
}
