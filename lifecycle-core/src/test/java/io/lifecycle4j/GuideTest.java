package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

    @Test
    void theGuideToLoadBalancersShowsTheConfigurationsThatAreMeasured() throws Exception {
        String guide = Files.readString(Path.of("../docs/load-balancers.md"));
        Path folder = Path.of("../benchmarks/src/main/resources/io/lifecycle4j/benchmarks/rolling");
        for (String template : List.of("haproxy.cfg", "nginx.conf")) {
            var shown = Pattern.compile("```" + template.replaceAll("\\W.*", "") + "\n(.*?)```", Pattern.DOTALL)
                    .matcher(guide);
            assertThat(shown.find()).as(template).isTrue();
            assertThat(Files.readString(folder.resolve(template))).contains(shown.group(1));
        }
    }

    @Test
    void everyTestThatTheGuaranteesNameIsThere() throws Exception {
        Map<String, String> sources = testSources();
        String current = "";
        int count = 0;
        for (String row : Files.readAllLines(Path.of("../docs/guarantees.md"))) {
            var names = Pattern.compile("`(\\w*(?:Test|IT|Stress))?(?:\\.(\\w+)…?)?`")
                    .matcher(row.startsWith("|") ? row.substring(row.indexOf('|', 1)) : "");
            while (names.find()) {
                current = names.group(1) == null ? current : names.group(1);
                assertThat(sources).as(row).containsKey(current);
                if (names.group(2) != null) {
                    assertThat(sources.get(current)).as(row).contains("void " + names.group(2));
                }
                count++;
            }
        }
        assertThat(count).isGreaterThan(100);
    }

    private static Map<String, String> testSources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("lifecycle-core", "lifecycle-jetty", "sample-im")) {
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "test", "java"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
        return sources;
    }
}
