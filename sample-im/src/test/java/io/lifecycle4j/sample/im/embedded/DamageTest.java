package io.lifecycle4j.sample.im.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import io.lifecycle4j.AppStartException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bson.Document;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a KILL leaves, damaged: the start is refused with one line, or every acknowledged message is there and the next one takes
 * the next number.
 */
@Timeout(120)
final class DamageTest {
    private static final int PLACES = 200;
    private static final int ACKNOWLEDGED = 300;
    private static final int STORED = 330; // the last ones not acknowledged yet

    @TempDir
    private Path folder;

    private Path data;
    private byte[] journal;
    private byte[] mark;

    @BeforeEach
    void kill() throws Exception {
        Path killed = folder.resolve("killed");
        try (EmbeddedMongo embedded = EmbeddedMongo.open(killed);
                MongoClient client = MongoClients.create(embedded.connectionString())) {
            MongoCollection<Document> messages = client.getDatabase("im").getCollection("messages");
            for (int seq = 1; seq <= STORED; seq++) {
                messages.insertOne(new Document("_id", seq).append("text", "text of " + seq));
                if (seq <= ACKNOWLEDGED) {
                    embedded.sync();
                }
            }
            mark = Files.readAllBytes(killed.resolve(DataFolder.MARK));
            journal = Files.readAllBytes(killed.resolve(DataFolder.JOURNAL));
        }
        data = Files.createDirectory(folder.resolve("data"));
    }

    /** What the mark of a folder says. */
    static long acknowledged(Path folder) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(folder.resolve(DataFolder.MARK)))
                .getLong();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 512})
    void bytesThatChangedAreOfNoConsequenceOrRefused(int width) throws Exception {
        long acknowledged = ByteBuffer.wrap(mark).getLong();
        Random random = new Random(width);
        for (int i = 0; i < PLACES; i++) {
            int place = random.nextInt(journal.length);
            write(mark, changed(journal, place, width, random));
            assertStart("journal changed at " + place, place < acknowledged);
        }
        for (int i = 0; i < PLACES; i++) {
            int place = random.nextInt(mark.length);
            write(changed(mark, place, width, random), journal);
            assertStart("mark changed at " + place, true);
        }
    }

    @Test
    void aFileThatWasCutIsOfNoConsequenceOrRefused() throws Exception {
        long acknowledged = ByteBuffer.wrap(mark).getLong();
        Random random = new Random(0);
        for (int i = 0; i < PLACES; i++) {
            int length = random.nextInt(journal.length);
            write(mark, Arrays.copyOf(journal, length));
            assertStart("journal cut to " + length, length < acknowledged);
        }
        for (int length = 0; length < mark.length; length++) {
            write(Arrays.copyOf(mark, length), journal);
            assertStart("mark cut to " + length, true);
        }
    }

    @Test
    void aFileThatIsMissingIsRefusedAtEachStart() throws Exception {
        for (String missing : List.of(DataFolder.JOURNAL, DataFolder.MARK)) {
            write(mark, journal);
            Files.delete(data.resolve(missing));
            assertStart(missing + " missing", true);
            assertStart(missing + " missing, again", true);
        }
    }

    @Test
    void whatACrashLeftBehindTheLastWholeRecordIsDroppedAndTheNextOneTakesItsPlace() throws Exception {
        byte[] torn = Arrays.copyOf(journal, journal.length - 1);
        write(mark, torn);
        assertStart("torn", false);
        assertStart("torn, again", false);
    }

    @Test
    void aStartThatWasKilledBeforeTheFirstRecordIsNoDamage() throws Exception {
        Files.createFile(data.resolve(DataFolder.MARK));
        JournaledBackend.open(new DataFolder(data)).close();
        Files.delete(data.resolve(DataFolder.JOURNAL));
        JournaledBackend.open(new DataFolder(data)).close();
    }

    @Test
    void theLineSaysWhatIsWrongAndWhatToDo() throws Exception {
        write(mark, Arrays.copyOf(journal, 10));
        assertThatThrownBy(() -> EmbeddedMongo.open(data))
                .isInstanceOf(AppStartException.class)
                .hasNoCause()
                .hasMessage("the data folder " + data + " is damaged: of its file im.journal, 10 bytes long, "
                        + ByteBuffer.wrap(mark).getLong() + " bytes were acknowledged, and only the first 0 are as they"
                        + " were written; put back a copy of the whole folder, or begin anew in another with"
                        + " --data-dir");
        write(Arrays.copyOf(mark, 1), journal);
        assertThatThrownBy(() -> EmbeddedMongo.open(data))
                .isInstanceOf(AppStartException.class)
                .hasNoCause()
                .hasMessage(
                        "the data folder " + data + " is damaged: its file im.acknowledged is not as it was written;"
                                + " put back a copy of the whole folder, or begin anew in another with --data-dir");
    }

    private static byte[] changed(byte[] bytes, int place, int width, Random random) {
        byte[] changed = bytes.clone();
        for (int i = place; i < Math.min(place + width, bytes.length); i++) {
            changed[i] ^= (byte) (1 + random.nextInt(255));
        }
        return changed;
    }

    private void write(byte[] mark, byte[] journal) throws IOException {
        Files.write(data.resolve(DataFolder.MARK), mark);
        Files.write(data.resolve(DataFolder.JOURNAL), journal);
    }

    private void assertStart(String damage, boolean refused) throws Exception {
        if (refused) {
            assertThatThrownBy(() -> JournaledBackend.open(new DataFolder(data)))
                    .as(damage)
                    .isInstanceOf(AppStartException.class)
                    .hasMessageStartingWith("the data folder " + data + " is damaged: ")
                    .message()
                    .doesNotContain("\n");
            return;
        }
        JournaledBackend backend = JournaledBackend.open(new DataFolder(data));
        try {
            var messages = backend.resolveDatabase("im").resolveCollection("messages", true);
            List<String> texts = messages.queryAllAsStream()
                    .map(document -> (String) document.get("text"))
                    .toList();
            assertThat(texts)
                    .as(damage)
                    .isEqualTo(IntStream.rangeClosed(1, texts.size())
                            .mapToObj(seq -> "text of " + seq)
                            .toList())
                    .hasSizeBetween(ACKNOWLEDGED, STORED);
            int next = texts.size() + 1;
            messages.addDocument(new de.bwaldvogel.mongo.bson.Document("_id", next).append("text", "text of " + next));
        } finally {
            backend.close();
        }
    }
}
