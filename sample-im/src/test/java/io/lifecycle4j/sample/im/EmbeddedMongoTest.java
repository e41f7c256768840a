package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoException;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Random;
import org.bson.Document;
import org.bson.types.Binary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class EmbeddedMongoTest {
    @TempDir
    private Path folder;

    @Test
    void createsAMissingFolderAndKeepsDataAcrossARestart() throws Exception {
        Path deep = folder.resolve("a/b");
        try (EmbeddedMongo embedded = EmbeddedMongo.open(deep);
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            connection.database().getCollection("things").insertOne(new Document("_id", "kept"));
        }
        try (EmbeddedMongo embedded = EmbeddedMongo.open(deep);
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            assertThat(connection.database().getCollection("things").find().first())
                    .isEqualTo(new Document("_id", "kept"));
        }
        assertThat(deep.resolve("im.mv")).isRegularFile();
    }

    @Test
    void logsOfAnotherFileAreRefusedAndTheFolderIsFreeAgain() throws Exception {
        try (RedoLog log = RedoLog.open(folder.resolve("im.1.redo"))) {
            log.append(5, ByteBuffer.allocate(0));
        }
        assertThatThrownBy(() -> EmbeddedMongo.open(folder))
                .isInstanceOf(AppStartException.class)
                .hasMessageStartingWith(
                        "the data folder " + folder + " has logs, beside its file im.mv, that cannot be used")
                .hasMessageContaining(
                        "write 1 is missing, the next one is 5; put back the file and the logs of one moment");
        Files.delete(folder.resolve("im.1.redo"));
        EmbeddedMongo.open(folder).close();
    }

    @Test
    void aSyncThatFailedIsNotForgottenUntilTheNextStartAndWhatWasSyncedIsThere() throws Exception {
        EmbeddedMongo embedded = EmbeddedMongo.open(folder);
        try (MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            connection.database().getCollection("things").insertOne(new Document("_id", "synced"));
            embedded.sync();
            Thread.currentThread().interrupt(); // which closes the file under it
            assertThatThrownBy(embedded::sync).isInstanceOf(UncheckedIOException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThatThrownBy(embedded::sync).isInstanceOf(UncheckedIOException.class);
            assertThatThrownBy(() -> connection.database().runCommand(new Document("ping", 1)))
                    .isInstanceOf(MongoException.class);
        } finally {
            embedded.close();
        }
        try (EmbeddedMongo again = EmbeddedMongo.open(folder);
                MongoConnection connection = MongoConnection.open(again.connectionString())) {
            assertThat(connection.database().getCollection("things").find())
                    .containsExactly(new Document("_id", "synced"));
        }
    }

    @Test
    void aLargeFileIsWrittenAnewOnceAndNotAtEachOpening() throws Exception {
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder);
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            byte[] noise = new byte[1 << 20]; // it does not compress
            for (int i = 0; i < 70; i++) {
                new Random(i).nextBytes(noise);
                connection
                        .database()
                        .getCollection("things")
                        .insertOne(new Document("_id", i).append("noise", new Binary(noise)));
            }
            embedded.sync();
        }
        Path file = folder.resolve("im.mv");
        EmbeddedMongo.open(folder).close();
        Object compacted = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        EmbeddedMongo.open(folder).close();
        assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey())
                .isEqualTo(compacted);
        Files.writeString(folder.resolve("im.mv.compacted-size"), "1000000"); // as if it had grown since
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder);
                MongoConnection connection = MongoConnection.open(embedded.connectionString())) {
            assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey())
                    .isNotEqualTo(compacted);
            assertThat(connection.database().getCollection("things").countDocuments())
                    .isEqualTo(70);
        }
    }

    @Test
    void aFolderInUseIsNamedWithWhatToDo() throws Exception {
        EmbeddedMongo first = EmbeddedMongo.open(folder);
        try (first) {
            assertThatThrownBy(() -> EmbeddedMongo.open(folder))
                    .isInstanceOf(AppStartException.class)
                    .hasNoCause()
                    .hasMessage(
                            "the data folder " + folder + " is in use by another process (its file im.mv is locked);"
                                    + " stop that process, or choose another folder with --data-dir");
        }
        EmbeddedMongo.open(folder).close();
    }

    @Test
    void aFileInTheFoldersPlaceIsNamedWithWhatIsExpected() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> EmbeddedMongo.open(file))
                .isInstanceOf(AppStartException.class)
                .hasMessage(
                        "the data folder " + file + " is not a folder (expected: a folder that this user can read and"
                                + " write); mend that, or choose another with --data-dir");
    }

    @Test
    void aFolderThatCannotBeCreatedIsNamed() throws IOException {
        Path below = Files.createFile(folder.resolve("file")).resolve("data");
        assertThatThrownBy(() -> EmbeddedMongo.open(below))
                .isInstanceOf(AppStartException.class)
                .hasMessageStartingWith("the data folder " + below + " cannot be created (");
    }

    @Test
    void aFileThatIsNoStoreIsNotOverwritten() throws IOException {
        Path file = Files.writeString(folder.resolve("im.mv"), "something else ".repeat(1_000));
        assertThatThrownBy(() -> EmbeddedMongo.open(folder))
                .isInstanceOf(AppStartException.class)
                .hasMessageStartingWith("the data folder " + folder + " has a file im.mv that cannot be opened (")
                .hasMessageContaining("--data-dir");
        assertThat(file).content().startsWith("something else");
    }

    @Test
    void aPortInUseIsNamedAndTheFolderIsFreeAgain() throws Exception {
        EmbeddedMongo first = EmbeddedMongo.open(folder.resolve("first"));
        try (first) {
            assertThatThrownBy(() -> EmbeddedMongo.open(folder.resolve("second"), first.port()))
                    .isInstanceOf(AppStartException.class)
                    .hasMessageStartingWith("the embedded MongoDB cannot listen on 127.0.0.1:" + first.port() + " (")
                    .hasMessageContaining("Address already in use");
            EmbeddedMongo.open(folder.resolve("second")).close();
        }
    }

    @Test
    void closesTwiceAndRefusesToSyncThereafter() throws Exception {
        EmbeddedMongo embedded = EmbeddedMongo.open(folder);
        embedded.close();
        embedded.close();
        assertThatThrownBy(embedded::sync)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the embedded MongoDB is closed");
    }
}
