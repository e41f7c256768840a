package io.lifecycle4j.sample.im.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class WebPageTest {
    @Test
    void eachFileOfThePageIsServed() throws Exception {
        try (Stream<Path> files = Files.list(Path.of("src/main/resources/web"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(WebPage.FILES);
        }
    }

    @Test
    void aFileThatChangesChangesTheTagAlthoughItsSizeStays() {
        String before = tag("b.js", "text");
        assertThat(tag("b.js", "Text")).isNotEqualTo(before);
        assertThat(tag("c.js", "text")).isNotEqualTo(before);
        assertThat(tag("b.js", "text")).isEqualTo(before);
    }

    private static String tag(String name, String content) {
        return WebPage.tag(new TreeMap<>(Map.of("a.js", "another".getBytes(UTF_8), name, content.getBytes(UTF_8))));
    }
}
