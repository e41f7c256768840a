package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The guides show code that is compiled and run. */
class GuideTest {
    private static final Pattern SNIPPET =
            Pattern.compile("// begin: ([\\w-]+)\n(.*?)\n[ ]*// end: \\1\n", Pattern.DOTALL);
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)\n```", Pattern.DOTALL);
    private static final Pattern PACKAGE_BLOCK = Pattern.compile("<pre>\\{@code\n(.*?)\n \\* }</pre>", Pattern.DOTALL);

    @Test
    void everyJavaBlockOfAGuideIsCodeOfTheBuildAndAllThatIsMarkedIsShown() throws Exception {
        Map<String, String> snippets = snippets();
        List<String> shown = new ArrayList<>();
        for (Path guide : guides()) {
            var blocks = JAVA_BLOCK.matcher(Files.readString(guide));
            while (blocks.find()) {
                String code = comparable(blocks.group(1));
                assertThat(snippets.containsValue(code))
                        .as("%s: what no source has between begin and end comments:\n%s", guide, code)
                        .isTrue();
                shown.add(code);
            }
        }
        snippets.forEach((where, code) -> assertThat(shown.contains(code))
                .as("%s: shown by no guide", where)
                .isTrue());
        assertThat(shown).hasSizeGreaterThan(4);
    }

    @Test
    void theExampleOfEachPackageIsShownByAGuide() throws Exception {
        Map<String, String> snippets = snippets();
        for (String folder :
                List.of("lifecycle-core/src/main", "lifecycle-testing/src/main", "lifecycle-jetty/src/main")) {
            for (Path file : javaBelow(Path.of("..", folder))) {
                if (file.endsWith("package-info.java")) {
                    var block = PACKAGE_BLOCK.matcher(Files.readString(file));
                    assertThat(block.find()).as("%s", file).isTrue();
                    String code = block.group(1).replaceAll("(?m)^ \\* ?", "");
                    assertThat(snippets).as("%s", file).containsValue(comparable(code));
                }
            }
        }
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
                    assertThat(sources.get(current))
                            .as(row)
                            .containsPattern("(void|Stream<DynamicTest>) " + names.group(2));
                }
                count++;
            }
        }
        assertThat(count).isGreaterThan(100);
    }

    @Test
    void theProjectThatGettingStartedShowsIsTheOneThatTheBuildBuildsAndRuns() throws Exception {
        String guide = Files.readString(Path.of("../docs/getting-started.md"));
        Path project = Path.of("../lifecycle-jetty/src/it/getting-started");
        String parent = Files.readString(Path.of("../pom.xml"));
        String pom = Files.readString(project.resolve("pom.xml"))
                .replace("@project.version@", value(parent, "version"))
                .replace("@logback.version@", value(parent, "logback.version"));
        assertThat(guide).contains("```xml\n" + pom + "```");
        assertThat(guide)
                .contains("```xml\n" + Files.readString(project.resolve("src/main/resources/logback.xml")) + "```");
    }

    @Test
    void theArchitectureNamesEachClass() throws Exception {
        String architecture = Files.readString(Path.of("../docs/architecture.md"));
        for (String module : List.of("lifecycle-core", "lifecycle-testing", "lifecycle-jetty")) {
            for (Path file : javaBelow(Path.of("..", module, "src", "main", "java", "io"))) {
                String name = file.getFileName().toString().replace(".java", "");
                assertThat(name.equals("package-info") || architecture.contains("`" + name + "`"))
                        .as("docs/architecture.md names %s", name)
                        .isTrue();
            }
        }
    }

    private static String value(String pom, String element) {
        var found = Pattern.compile("<" + element + ">(.*?)</").matcher(pom);
        assertThat(found.find()).as(element).isTrue();
        return found.group(1);
    }

    /** The README and the pages of docs. */
    static List<Path> guides() throws IOException {
        List<Path> guides = new ArrayList<>(List.of(Path.of("../README.md")));
        try (Stream<Path> files = Files.list(Path.of("../docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(guides::add);
        }
        return guides;
    }

    // By file and name.
    private static Map<String, String> snippets() throws IOException {
        Map<String, String> snippets = new TreeMap<>();
        for (String module : List.of("lifecycle-core", "lifecycle-testing", "lifecycle-jetty", "docs/examples")) {
            for (Path file : javaBelow(Path.of("..", module, "src"))) {
                var marked = SNIPPET.matcher(Files.readString(file));
                while (marked.find()) {
                    snippets.put(file.getFileName() + ": " + marked.group(1), comparable(marked.group(2)));
                }
            }
        }
        return snippets;
    }

    // A guide may line up comments at the ends of lines, which the formatter of the sources does not.
    private static String comparable(String code) {
        return code.stripIndent().replaceAll("(?<=\\S) {2,}//", " //");
    }

    private static Map<String, String> testSources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module :
                List.of("lifecycle-core", "lifecycle-testing", "lifecycle-jetty", "docs/examples", "sample-im")) {
            for (Path file : javaBelow(Path.of("..", module, "src", "test"))) {
                sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
            }
        }
        return sources;
    }

    private static List<Path> javaBelow(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
