package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RedoLogTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("log");
    }

    @Test
    void readsWhatWasAppended() throws IOException {
        try (RedoLog log = RedoLog.open(file)) {
            assertThat(log.read()).isEmpty();
            append(log, 7, "seven");
            append(log, 8, "");
            append(log, 9, "nine");
            log.force();
            assertThat(log.size()).isEqualTo(Files.size(file));
        }
        assertThat(read()).containsExactly("7 seven", "8 ", "9 nine");
    }

    @Test
    void aRecordThatWasCutOffAnywhereIsNone() throws IOException {
        try (RedoLog log = RedoLog.open(file)) {
            append(log, 1, "first");
            append(log, 2, "second");
        }
        byte[] whole = Files.readAllBytes(file);
        for (int length = whole.length - 1; length > whole.length / 2; length--) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThat(read()).as("cut to %d bytes", length).containsExactly("1 first");
        }
    }

    @Test
    void aRecordWithAnyBitTurnedIsNoneAndNeitherIsTheNext() throws IOException {
        long begin;
        long end;
        try (RedoLog log = RedoLog.open(file)) {
            append(log, 1, "first");
            begin = log.size();
            append(log, 2, "second");
            end = log.size();
            append(log, 3, "third");
        }
        byte[] whole = Files.readAllBytes(file);
        for (int bit = (int) begin * 8; bit < end * 8; bit++) {
            byte[] turned = whole.clone();
            turned[bit / 8] ^= (byte) (1 << (bit % 8));
            Files.write(file, turned);
            assertThat(read()).as("bit %d", bit).containsExactly("1 first");
        }
    }

    @Test
    void whatIsLeftOfAnEarlierRoundIsNotRead() throws IOException {
        try (RedoLog log = RedoLog.open(file)) {
            append(log, 1, "first");
            append(log, 2, "second");
            append(log, 3, "third");
            log.restart();
            append(log, 4, "fours"); // as long as the first, so that the second begins where this one ends
        }
        assertThat(read()).containsExactly("4 fours");
    }

    @Test
    void whatIsClearedIsGone() throws IOException {
        try (RedoLog log = RedoLog.open(file)) {
            append(log, 1, "first");
            append(log, 2, "second");
            log.clear();
            append(log, 1, "again"); // the second would follow
        }
        assertThat(read()).containsExactly("1 again");
    }

    private static void append(RedoLog log, long number, String text) throws IOException {
        log.append(number, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private List<String> read() throws IOException {
        try (RedoLog log = RedoLog.open(file)) {
            return log.read().stream()
                    .map(entry -> entry.number() + " " + StandardCharsets.UTF_8.decode(entry.bytes()))
                    .toList();
        }
    }
}
