package io.lifecycle4j.benchmarks.rolling;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A balancer, and how it is run in the foreground with a configuration of ours; the templates lie beside this class. */
enum Balancer {
    HAPROXY("haproxy.cfg") {
        @Override
        List<String> command(Path configuration) {
            return List.of("haproxy", "-db", "-f", configuration.toString());
        }
    },
    NGINX("nginx.conf") {
        @Override
        List<String> command(Path configuration) {
            return List.of(
                    "nginx",
                    "-p",
                    String.valueOf(configuration.getParent()),
                    "-e",
                    "stderr",
                    "-c",
                    configuration.toString());
        }
    };

    private final String template;

    Balancer(String template) {
        this.template = template;
    }

    abstract List<String> command(Path configuration);

    Path configure(Path folder, int port, int a, int b) throws IOException {
        try (InputStream stream = Balancer.class.getResourceAsStream(template)) {
            if (stream == null) {
                throw new IllegalStateException("no " + template + " beside " + Balancer.class);
            }
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("${FOLDER}", folder.toString())
                    .replace("${PORT}", String.valueOf(port))
                    .replace("${A}", String.valueOf(a))
                    .replace("${B}", String.valueOf(b));
            return Files.writeString(folder.resolve(template), text);
        }
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
