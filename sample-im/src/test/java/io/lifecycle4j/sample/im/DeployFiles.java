package io.lifecycle4j.sample.im;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The files of {@code docs/deploy}, of which tests take what they say, so that what is documented is what is tested. */
final class DeployFiles {
    private static final Path FOLDER = Path.of("..", "docs", "deploy");
    private static final Pattern SETTING = Pattern.compile("\\b(IM_[A-Z_]+)(?:: +|, value: |=)\"?([^\\s\"}]+)");

    private DeployFiles() {}

    static String read(String name) throws IOException {
        return Files.readString(FOLDER.resolve(name));
    }

    /** The environment that a file gives to the chat; not what comes from elsewhere. */
    static Map<String, String> environment(String name) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        read(name).lines().map(line -> line.replaceFirst("(^|\\s)#.*", "")).forEach(line -> {
            Matcher setting = SETTING.matcher(line);
            while (setting.find()) {
                settings.put(setting.group(1), setting.group(2));
            }
        });
        return settings;
    }
}
