package io.lifecycle4j.sample.im;

import io.lifecycle4j.testing.JavaProcess;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The real jar in a process of its own, on free ports, and what it says. */
final class ImProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern ADDRESS = Pattern.compile("The chat is at (http://\\S+)");

    private final JavaProcess process;

    private ImProcess(JavaProcess process) {
        this.process = process;
    }

    static ImProcess start(Path data, String... options) {
        return start(Map.of(), data, options);
    }

    static ImProcess start(Map<String, String> environment, Path data, String... options) {
        return startBehind(List.of(), environment, data, options);
    }

    static ImProcess startBehind(List<String> command, Map<String, String> environment, Path data, String... options) {
        JavaProcess.Builder builder = JavaProcess.ofJar(Path.of("target", "sample-im.jar"))
                .options("-XX:TieredStopAtLevel=1") // it lives for seconds
                .patience(PATIENCE)
                .behind(command.toArray(String[]::new))
                .arguments("--data-dir", data.toString());
        for (String port : List.of("--port", "--admin-port")) {
            if (Arrays.stream(options).noneMatch(option -> option.startsWith(port))) {
                builder.arguments(port, "0");
            }
        }
        return new ImProcess(builder.arguments(options)
                .environment(variables -> {
                    variables.keySet().removeIf(name -> name.startsWith("IM_"));
                    variables.putAll(environment);
                })
                .start());
    }

    ImProcess awaitRunning() {
        return awaitLine("App 'im' is running");
    }

    ImProcess awaitLine(String part) {
        process.awaitLine(part);
        return this;
    }

    URI address() {
        for (String line : lines()) {
            Matcher address = ADDRESS.matcher(line);
            if (address.find()) {
                return URI.create(address.group(1));
            }
        }
        throw new AssertionError("no address in " + lines());
    }

    void signal(String name) {
        process.signal(name);
    }

    int awaitStatus() {
        return process.awaitExit().status();
    }

    boolean says(String part) {
        return process.says(part);
    }

    List<String> lines() {
        return process.lines();
    }

    @Override
    public void close() {
        process.close();
    }
}
