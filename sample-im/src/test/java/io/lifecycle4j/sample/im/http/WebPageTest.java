package io.lifecycle4j.sample.im.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.eclipse.jetty.util.resource.Resource;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WebPageTest {
    @TempDir
    private Path folder;

    @Test
    void aFileThatChangesChangesTheTagAlthoughItsSizeAndItsDateStay() throws Exception {
        String before = tagWith("text");
        assertThat(tagWith("Text")).isNotEqualTo(before);
        assertThat(tagWith("text")).isEqualTo(before);
        Files.move(folder.resolve("b.js"), folder.resolve("c.js"));
        assertThat(WebPage.tag(web())).isNotEqualTo(before);
    }

    private String tagWith(String content) throws Exception {
        Files.writeString(folder.resolve("a.js"), "another");
        Path file = Files.writeString(folder.resolve("b.js"), content);
        Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
        return WebPage.tag(web());
    }

    private Resource web() {
        return ResourceFactory.root().newResource(folder);
    }
}
