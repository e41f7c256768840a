package io.lifecycle4j.sample.im.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.mongodb.MongoException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import io.lifecycle4j.AppStartException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.bson.Document;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

@Timeout(60)
final class EmbeddedMongoTest {
    @TempDir
    private Path folder;

    @Test
    void createsAMissingFolderAndKeepsDataAcrossRestartsEachWriteDoneOnce() throws Exception {
        Path deep = folder.resolve("a/b");
        for (int start = 1; start <= 3; start++) {
            try (EmbeddedMongo embedded = EmbeddedMongo.open(deep);
                    MongoClient client = MongoClients.create(embedded.connectionString())) {
                things(client)
                        .findOneAndUpdate(
                                new Document("_id", "starts"), new Document("$inc", new Document("count", 1)));
                if (start == 1) {
                    things(client).insertOne(new Document("_id", "starts").append("count", 1));
                    assertThatThrownBy(() -> things(client).insertOne(new Document("_id", "starts")))
                            .isInstanceOf(MongoException.class); // refused each time
                }
                assertThat(things(client).find()).containsExactly(new Document("_id", "starts").append("count", start));
            }
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // has other permissions
    void folderAndFilesAreTheirOwnersAlone() throws Exception {
        Path data = folder.resolve("data");
        EmbeddedMongo.open(data).close();
        assertPrivate(data);
        for (Path path : new Path[] {data, data.resolve(DataFolder.JOURNAL), data.resolve(DataFolder.MARK)}) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        EmbeddedMongo.open(data).close();
        assertPrivate(data);
    }

    private static void assertPrivate(Path data) throws IOException {
        assertThat(permissions(data)).isEqualTo("rwx------");
        assertThat(permissions(data.resolve(DataFolder.JOURNAL))).isEqualTo("rw-------");
        assertThat(permissions(data.resolve(DataFolder.MARK))).isEqualTo("rw-------");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // has other permissions
    void aFolderWithSomethingElseInItStaysOpenToOthersAndTheFilesDoNot() throws Exception {
        Files.createFile(folder.resolve("something else"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        EmbeddedMongo.open(folder).close();
        assertThat(permissions(folder)).isEqualTo("rwxr-xr-x");
        assertThat(permissions(folder.resolve(DataFolder.JOURNAL))).isEqualTo("rw-------");
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aSyncThatFailedIsNotForgottenUntilTheNextStartAndWhatWasSyncedIsThere() throws Exception {
        EmbeddedMongo embedded = EmbeddedMongo.open(folder);
        try (MongoClient client = MongoClients.create(embedded.connectionString())) {
            things(client).insertOne(new Document("_id", "synced"));
            embedded.sync();
            things(client).insertOne(new Document("_id", "not synced"));
            embedded.backend.journal.file.close();
            assertThatThrownBy(embedded::sync).isInstanceOf(UncheckedIOException.class);
            assertThatThrownBy(embedded::sync)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the embedded MongoDB could not write;");
            assertThatThrownBy(() -> client.getDatabase("im").runCommand(new Document("ping", 1)))
                    .isInstanceOf(MongoException.class);
        } finally {
            embedded.close();
        }
        try (EmbeddedMongo again = EmbeddedMongo.open(folder);
                MongoClient client = MongoClients.create(again.connectionString())) {
            assertThat(things(client).find()).contains(new Document("_id", "synced"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFullDiskIsLoggedOnceWithItsFolderAndWhatIsSentAfterItIsMendedIsStored(boolean severalNodes) throws Exception {
        Path full = Path.of("/dev/full"); // each write to it fails as on a full disk
        Assumptions.assumeTrue(Files.exists(full), "no /dev/full: the full disk is not tried");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        log.start();
        root.addAppender(log);
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder);
                MongoClient client = MongoClients.create(embedded.connectionString());
                RandomAccessFile fullFile = new RandomAccessFile(full.toFile(), "rw")) {
            if (severalNodes) {
                embedded.forSeveralNodes();
            }
            RandomAccessFile mended = embedded.backend.journal.file;
            embedded.backend.journal.file = fullFile;
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> things(client).insertOne(new Document("_id", "declined")))
                        .isInstanceOf(MongoException.class)
                        .hasMessageContaining("No space left on device");
            }
            embedded.backend.journal.file = mended;
            things(client).insertOne(new Document("_id", "stored"));
        } finally {
            root.detachAppender(log);
        }
        assertThat(log.list)
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly("The embedded MongoDB cannot write to the data folder " + folder
                        + ": No space left on device; what is sent is declined until that is mended");
    }

    @Test
    void anAnswerToOneOfSeveralNodesComesWhenWhatItShowsIsAcknowledged() throws Exception {
        try (EmbeddedMongo embedded = EmbeddedMongo.open(folder).forSeveralNodes();
                MongoClient client = MongoClients.create(embedded.connectionString())) {
            for (int i = 0; i < 10; i++) {
                things(client).insertOne(new Document("_id", i));
                assertThat(DamageTest.acknowledged(folder)).isEqualTo(Files.size(folder.resolve(DataFolder.JOURNAL)));
            }
        }
    }

    @Test
    void aFolderInUseIsNamedWithWhatToDo() throws Exception {
        EmbeddedMongo first = EmbeddedMongo.open(folder);
        try (first) {
            assertThatThrownBy(() -> EmbeddedMongo.open(folder))
                    .isInstanceOf(AppStartException.class)
                    .hasNoCause()
                    .hasMessage("the data folder " + folder + " is in use by another process (its file im.acknowledged"
                            + " is locked); stop that process, or choose another folder with --data-dir");
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
                .hasMessageStartingWith("the data folder " + below + " cannot be created or kept from other users (");
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

    private static MongoCollection<Document> things(MongoClient client) {
        return client.getDatabase("im").getCollection("things");
    }
}
