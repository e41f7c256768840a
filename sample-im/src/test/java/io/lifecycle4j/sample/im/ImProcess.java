package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** The real jar in a process of its own, on free ports, and what it says. */
final class ImProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern ADDRESS = Pattern.compile("The chat is at (http://\\S+)");

    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private ImProcess(Process process) {
        this.process = process;
        this.reader = new Thread(this::read);
        reader.setDaemon(true);
        reader.start();
    }

    static ImProcess start(Path data, String... options) throws IOException {
        return start(Map.of(), data, options);
    }

    static ImProcess start(Map<String, String> environment, Path data, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                Path.of("target", "sample-im.jar").toString()));
        command.addAll(List.of("--data-dir", data.toString()));
        for (String port : List.of("--port", "--admin-port")) {
            if (Arrays.stream(options).noneMatch(option -> option.startsWith(port))) {
                command.addAll(List.of(port, "0"));
            }
        }
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("IM_"));
        builder.environment().putAll(environment);
        return new ImProcess(builder.start());
    }

    private void read() {
        try (BufferedReader source =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            source.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException e) {
            // the process was ended by close()
        }
    }

    ImProcess awaitRunning() {
        return awaitLine("App 'im' is running");
    }

    ImProcess awaitLine(String part) {
        Awaitility.await("line with '" + part + "', or the end")
                .atMost(PATIENCE)
                .until(() -> says(part) || isOver());
        assertThat(says(part)).as("says '%s' in %s", part, lines).isTrue();
        return this;
    }

    private boolean isOver() {
        return !process.isAlive() && !reader.isAlive(); // all it said has been read
    }

    URI address() {
        for (String line : lines) {
            Matcher address = ADDRESS.matcher(line);
            if (address.find()) {
                return URI.create(address.group(1));
            }
        }
        throw new AssertionError("no address in " + lines);
    }

    void signal(String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    int awaitStatus() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("ended; it said %s", lines)
                .isTrue();
        reader.join(PATIENCE.toMillis());
        return process.exitValue();
    }

    boolean says(String part) {
        return lines.stream().anyMatch(line -> line.contains(part));
    }

    List<String> lines() {
        return lines;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
