package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The links of the README and of the pages in docs lead somewhere. */
class LinksTest {
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#\\s]*)(?:#([^)\\s]*))?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```$");

    @Test
    void everyRelativeLinkLeadsToAFileAndItsAnchorToAHeading() throws Exception {
        int count = 0;
        for (Path guide : GuideTest.guides()) {
            var links = LINK.matcher(prose(guide));
            while (links.find()) {
                Path target = links.group(1).isEmpty() ? guide : guide.resolveSibling(links.group(1));
                assertThat(target).as("link in %s: %s", guide, links.group()).exists();
                if (links.group(2) != null) {
                    assertThat(anchors(target))
                            .as("link in %s: %s", guide, links.group())
                            .contains(links.group(2));
                }
                count++;
            }
        }
        assertThat(count).isGreaterThan(10);
    }

    @Test
    void theTableOfContentsLeadsToEachPage() throws Exception {
        String contents = Files.readString(Path.of("../docs/README.md"));
        for (Path guide : GuideTest.guides()) {
            String name = guide.getFileName().toString();
            assertThat(name.equals("README.md") || contents.contains("(" + name + ")"))
                    .as(name)
                    .isTrue();
        }
    }

    private static String prose(Path page) throws IOException {
        return FENCED.matcher(Files.readString(page)).replaceAll("");
    }

    // As GitHub makes them: lower case, no punctuation, a hyphen for each space.
    private static Set<String> anchors(Path page) throws IOException {
        return HEADING.matcher(prose(page))
                .results()
                .map((MatchResult heading) -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }
}
