package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The guide's figures are those of the files. */
class AdaptersGuideTest {
    private static final Path SOURCES = Path.of("src/main/java/io/lifecycle4j/example");

    @Test
    void theGuideSaysOfEachAdapterHowManyLinesItHas() throws Exception {
        String guide = Files.readString(Path.of("../adapters.md"));
        List<Path> adapters = adapters();
        assertThat(adapters).hasSizeGreaterThanOrEqualTo(4);
        for (Path adapter : adapters) {
            String link = "](examples/" + SOURCES + "/" + adapter.getFileName() + ")";
            assertThat(guide).contains(link + " | " + lines(Files.readString(adapter)) + " |");
        }
    }

    @Test
    void commentsAndBlankLinesAreNotCounted() {
        assertThat(lines("/** One.\n * Two. */\nclass A { // three\n\n    // four\n    /* five */\n}\n"))
                .isEqualTo(2);
    }

    private static List<Path> adapters() throws IOException {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.filter(file -> file.toString().endsWith("Server.java")).toList();
        }
    }

    /** Counts what is neither blank nor a comment. */
    private static long lines(String source) {
        return Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL)
                .matcher(source)
                .replaceAll("")
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("//"))
                .count();
    }
}
