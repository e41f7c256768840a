package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import io.lifecycle4j.sample.im.mongo.FreezableProxy;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Writes of which the server was not told that they succeeded. */
@Timeout(120)
@DisabledOnOs(OS.WINDOWS) // has no kill
class LateWriteIT {
    @TempDir
    Path folder;

    @Test
    void aMessageWhoseWriteSeemedToFailIsHandedOnBeforeTheNextOne() throws Exception {
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder.resolve("database"));
                MongoConnection database = MongoConnection.open(embedded.connectionString());
                FreezableProxy proxy = new FreezableProxy()) {
            proxy.forwardTo("127.0.0.1", embedded.port());
            String uri = "mongodb://127.0.0.1:" + proxy.port() + "/im?timeoutMS=1000";
            try (ImProcess server = ImProcess.start(folder, "--mongo-uri", uri).awaitRunning()) {
                ChatClient ann = ChatClient.connect(server.address(), "ann");
                ChatClient bob = ChatClient.connect(server.address(), "bob");
                ann.join("lobby");
                bob.join("lobby");
                ann.say("lobby", "first");
                proxy.freeze();
                assertThat(ann.say("lobby", "late").path("code").asText()).isEqualTo("store");
                proxy.thaw();
                Document late = new Document("_id", "lobby/2");
                Awaitility.await()
                        .until(() -> database.database()
                                        .getCollection("messages")
                                        .find(late)
                                        .first()
                                != null);

                Awaitility.await()
                        .until(() -> bob.say("lobby", "next").path("t").asText().equals("ack"));
                Awaitility.await().until(() -> ann.heard().contains("next"));
                assertThat(ann.heard()).containsExactly("first", "late", "next");
                Awaitility.await().until(() -> bob.heard().contains("next"));
                assertThat(bob.heard()).containsExactly("first", "late", "next");
            }
        }
    }
}
