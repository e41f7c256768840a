package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The sample in a process of its own, as {@code java -jar} runs it, and crowds of its users in another. */
final class SampleServer implements AutoCloseable {
    private static final Duration LIFETIME = Duration.ofMinutes(4);

    private final String jar;
    private final Path data;
    private final ChildJvm process;
    private final int port;
    private final Instant runningAt;

    private SampleServer(String jar, Path data, int port) throws IOException {
        this.jar = jar;
        this.data = data;
        this.process = ChildJvm.readingStdout(
                List.of(
                        "-jar",
                        jar,
                        "--port",
                        String.valueOf(port),
                        "--admin-port",
                        "0",
                        "--data-dir",
                        data.toString()),
                LIFETIME);
        this.port = URI.create(process.awaitLine("The chat is at ").replaceFirst(".*is at (\\S+).*", "$1"))
                .getPort();
        process.awaitLine("is running");
        this.runningAt = Instant.now();
    }

    /** Starts it on any free port, with no messages yet. */
    static SampleServer start(String jar) throws IOException {
        return new SampleServer(jar, Files.createTempDirectory("im"), 0);
    }

    /** Starts it again, on the same port and with the same messages. */
    SampleServer startAgain() throws IOException {
        return new SampleServer(jar, data, port);
    }

    ChildJvm process() {
        return process;
    }

    int port() {
        return port;
    }

    /** When it said that it runs. */
    Instant runningAt() {
        return runningAt;
    }

    /** Starts a process of users of this server. */
    ChildJvm crowd(Class<?> main, Object... arguments) throws IOException {
        Stream<String> command =
                Stream.of("-cp", System.getProperty("java.class.path"), main.getName(), String.valueOf(port));
        return ChildJvm.readingStdout(
                Stream.concat(command, Stream.of(arguments).map(String::valueOf))
                        .toList(),
                LIFETIME);
    }

    /** Ends it, and deletes its messages. */
    @Override
    public void close() throws IOException {
        process.close();
        delete(data);
    }

    /** Deletes a folder and what is in it, if it is there. */
    static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }
}
