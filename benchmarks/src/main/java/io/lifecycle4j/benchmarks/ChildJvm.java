package io.lifecycle4j.benchmarks;

import ch.qos.logback.core.Appender;
import io.lifecycle4j.App;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** A JVM to measure from outside. Whatever becomes of it, it lives a minute or what is given at most, so nothing here waits for longer. */
public final class ChildJvm implements AutoCloseable {
    private static final Duration LIFETIME = Duration.ofMinutes(1);

    private final Process process;
    private final BufferedReader output;
    private final List<String> lines = new ArrayList<>();
    private final CompletableFuture<Instant> gone;
    private long termAt;

    private ChildJvm(Process process, BufferedReader output, Duration lifetime) {
        this.process = process;
        this.output = output;
        this.gone = process.onExit().thenApply(ended -> Instant.now());
        CompletableFuture.delayedExecutor(lifetime.toSeconds(), TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
    }

    /** Starts one whose stdout is read; stderr is thrown away. */
    public static ChildJvm readingStdout(List<String> arguments) throws IOException {
        return readingStdout(arguments, LIFETIME);
    }

    /** Starts one that may live for so long. */
    public static ChildJvm readingStdout(List<String> arguments, Duration lifetime) throws IOException {
        Process process = builder(arguments)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new ChildJvm(process, process.inputReader(), lifetime);
    }

    /** Starts one whose stderr is read; stdout is a pipe that nobody reads. */
    public static ChildJvm readingStderr(List<String> arguments) throws IOException {
        Process process = builder(arguments).start();
        return new ChildJvm(process, process.errorReader(), LIFETIME);
    }

    private static ProcessBuilder builder(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(arguments);
        return new ProcessBuilder(command);
    }

    /** What runs one of this module's classes with no more on the class path than it needs. */
    public static List<String> arguments(boolean logback, Class<?> main, String... arguments) {
        Stream<Class<?>> needed = Stream.of(main, App.class, LoggerFactory.class);
        Stream<Class<?>> provider =
                logback ? Stream.of(ch.qos.logback.classic.Logger.class, Appender.class) : Stream.of();
        String classPath =
                Stream.concat(needed, provider).map(ChildJvm::jarOf).collect(Collectors.joining(File.pathSeparator));
        return Stream.concat(Stream.of("-cp", classPath, main.getName()), Stream.of(arguments))
                .toList();
    }

    private static String jarOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits for a line that contains the text. */
    public String awaitLine(String part) throws IOException {
        String line = output.readLine();
        while (line != null && !line.contains(part)) {
            lines.add(line);
            line = output.readLine();
        }
        if (line == null) {
            throw new IllegalStateException("ended without '" + part + "'; it said " + lines);
        }
        lines.add(line);
        return line;
    }

    /** Waits for a line that contains the text and then a time, and returns that. */
    public Instant awaitInstant(String before) throws IOException {
        String line = awaitLine(before);
        return Instant.parse(line.substring(line.indexOf(before) + before.length()));
    }

    /** Sends TERM, and returns when. Not by {@code Process.destroy}, which closes the pipes, too, and frees who writes to a full one. */
    public Instant terminate() {
        Instant now = Instant.now();
        if (!process.toHandle().destroy()) {
            throw new IllegalStateException("TERM could not be sent");
        }
        return now;
    }

    /** Sends TERM, and returns how many milliseconds later the process was gone; its exit status must be the given one. */
    public double millisFromTermToGone(int status) throws InterruptedException {
        termAt = System.nanoTime();
        terminate();
        int ended = process.waitFor();
        double millis = millisSinceTerm(System.nanoTime());
        if (ended != status) {
            throw new IllegalStateException("status " + ended + " (expected: " + status + "); it said " + lines);
        }
        return millis;
    }

    /** The time from that TERM to the given time, by this machine's monotonic clock. */
    public double millisSinceTerm(long nanoTime) {
        return (nanoTime - termAt) / 1e6;
    }

    public long pid() {
        return process.pid();
    }

    /** Returns the CPU time that it has used so far. */
    public Duration cpuTime() {
        return process.info().totalCpuDuration().orElseThrow();
    }

    /** Waits for its end, and returns when that was; its exit status must be the given one. */
    public Instant awaitGone(int status) throws InterruptedException {
        int ended = process.waitFor();
        if (ended != status) {
            throw new IllegalStateException("status " + ended + " (expected: " + status + "); it said " + lines);
        }
        return gone.join();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
