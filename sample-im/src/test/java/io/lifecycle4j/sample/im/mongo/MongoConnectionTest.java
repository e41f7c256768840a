package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoException;
import io.lifecycle4j.AppStartException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class MongoConnectionTest {
    @TempDir
    private Path folder;

    @Test
    void createsTheIndexesThatTheChatNeeds() throws Exception {
        try (MongoFixture mongo = new MongoFixture(folder)) {
            // the embedded server takes the others and forgets them
            assertThat(mongo.collection("messages").listIndexes())
                    .extracting(index -> index.getString("name"))
                    .contains("room_seq_unique", "user_client_msg_unique");
            assertThat(mongo.connection.address()).isSubstringOf(mongo.database.uri(""));
        }
    }

    @Test
    void aServerThatIsNotThereIsNamedWithoutUserAndPassword() throws Exception {
        int port = freePort();
        long start = System.nanoTime();
        assertThatThrownBy(() -> MongoConnection.open("mongodb://ann:s3cret@localhost:" + port + "/im"))
                .isInstanceOf(AppStartException.class)
                .hasNoCause()
                .hasMessage("MongoDB at localhost:" + port + " does not answer; start it, or check"
                        + " host and port of --mongo-uri. Without --mongo-uri an embedded one is used");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
    }

    @Test
    void aServerThatAcceptsAndSaysNothingIsNamedInTime() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            long start = System.nanoTime();
            assertThatThrownBy(() -> MongoConnection.open("mongodb://127.0.0.1:" + silent.getLocalPort()))
                    .isInstanceOf(AppStartException.class)
                    .hasMessageStartingWith("MongoDB at 127.0.0.1:" + silent.getLocalPort() + " does not answer;");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(7));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ann:s3cret@localhost",
                "mongodb://ann:s3cret@localhost:port",
                "mongodb://ann:s3/cret@localhost/im",
                "mongodb://ann:s3@cret@localhost/im",
                "mongodb://ann:s3%cret@localhost/im",
                ""
            })
    void aMalformedConnectionStringIsNotQuoted(String connectionString) {
        assertThatThrownBy(() -> MongoConnection.open(connectionString))
                .isInstanceOf(AppStartException.class)
                .hasNoCause()
                .hasMessage("--mongo-uri is no MongoDB connection string that can be used (expected:"
                        + " mongodb://host:port/database, with user and password percent-encoded if there are any)");
    }

    @Test
    void aDatabaseThatDiesFailsAPingWithinItsLimit() throws Exception {
        try (FreezableProxy proxy = new FreezableProxy();
                MongoFixture mongo = new MongoFixture(folder, proxy)) {
            mongo.connection.ping(MongoFixture.LONG);
            proxy.freeze();
            long start = System.nanoTime();
            assertThatThrownBy(() -> mongo.connection.ping(Duration.ofMillis(300)))
                    .isInstanceOf(MongoException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
            proxy.thaw();
            mongo.connection.ping(MongoFixture.LONG);
        }
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
