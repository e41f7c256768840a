package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A real process that runs one of {@link ChildApp}'s scenarios, and what it says. */
final class ChildJvm implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final List<Thread> readers = new ArrayList<>();

    private ChildJvm(Process process) {
        this.process = process;
    }

    static ChildJvm start(String scenario, String... jvmOptions) throws IOException {
        return start(List.of(), scenario, jvmOptions).readingStdout();
    }

    /** Starts it behind a command such as {@code nohup}; nobody reads its stdout yet. */
    static ChildJvm start(List<String> wrapper, String scenario, String... jvmOptions) throws IOException {
        return startOn(System.getProperty("java.class.path"), wrapper, scenario, jvmOptions);
    }

    static ChildJvm startOn(String classPath, List<String> wrapper, String scenario, String... jvmOptions)
            throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(jvmOptions));
        command.addAll(List.of("-cp", classPath, ChildApp.class.getName(), scenario));
        ChildJvm child = new ChildJvm(new ProcessBuilder(command).start());
        child.read(child.process.errorReader(StandardCharsets.UTF_8));
        return child;
    }

    ChildJvm readingStdout() {
        read(new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
        return this;
    }

    private void read(BufferedReader source) {
        Thread reader = new Thread(() -> {
            try {
                source.lines().forEach(lines::add);
            } catch (UncheckedIOException e) {
                // the process was ended by close()
            }
        });
        reader.setDaemon(true);
        reader.start();
        readers.add(reader);
    }

    void signal(String name) throws Exception {
        // behind a shell that waits for it, the JVM is the shell's child
        long pid = process.children().map(ProcessHandle::pid).findFirst().orElse(process.pid());
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start();
        assertThat(kill.waitFor()).isZero();
    }

    ChildJvm awaitLine(String part) {
        Awaitility.await("line with '" + part + "'").atMost(PATIENCE).until(() -> says(part));
        return this;
    }

    boolean says(String part) {
        return lines.stream().anyMatch(line -> line.contains(part));
    }

    long count(String part) {
        return lines.stream().filter(line -> line.contains(part)).count();
    }

    /** Waits for the end of the process and of what it said. */
    int awaitStatus() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("ended; it said %s", lines)
                .isTrue();
        for (Thread reader : readers) {
            reader.join(PATIENCE.toMillis());
        }
        return process.exitValue();
    }

    List<String> lines() {
        return lines;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
