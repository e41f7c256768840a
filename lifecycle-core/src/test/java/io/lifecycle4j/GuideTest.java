package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The guides show code that is compiled and run. */
class GuideTest {

    @Test
    void theGuideToTestingShowsTheTestsAsTheyAre() throws Exception {
        String guide = Files.readString(Path.of("../docs/testing.md"));
        String source = Files.readString(Path.of("src/test/java/io/lifecycle4j/example/ShopTest.java"));
        var snippets = Pattern.compile("// begin: (\\w+)\n(.*?)\n    // end: \\1", Pattern.DOTALL)
                .matcher(source);
        int count = 0;
        while (snippets.find()) {
            count++;
            String code = snippets.group(2).replaceAll("(?m)^ {4}", "");
            assertThat(guide).contains("```java\n" + code + "\n```");
        }
        assertThat(count).isEqualTo(4);
        assertThat(guide.split("```java", -1)).hasSize(count + 1);
    }
}
