package io.lifecycle4j.benchmarks;

import ch.qos.logback.core.Appender;
import io.lifecycle4j.App;
import io.lifecycle4j.testing.JavaProcess;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** A JVM to measure from outside. Whatever becomes of it, it lives a minute or what is given at most, so nothing here waits for longer. */
public final class ChildJvm implements AutoCloseable {
    private static final Duration LIFETIME = Duration.ofMinutes(1);

    /** By two clocks. */
    private record Moment(Instant instant, long nanoTime) {}

    private final JavaProcess process;
    private final CompletableFuture<Moment> gone;
    private int read;
    private long termAt;

    private ChildJvm(JavaProcess process, Duration lifetime) {
        this.process = process;
        this.gone = ProcessHandle.of(process.pid())
                .map(ProcessHandle::onExit)
                .orElseThrow()
                .thenApply(ended -> new Moment(Instant.now(), System.nanoTime()));
        CompletableFuture.delayedExecutor(lifetime.toSeconds(), TimeUnit.SECONDS)
                .execute(process::close);
    }

    /** Starts one whose stdout and stderr are read. */
    public static ChildJvm readingStdout(List<String> arguments) {
        return readingStdout(arguments, LIFETIME);
    }

    /** Starts one that may live for so long. */
    public static ChildJvm readingStdout(List<String> arguments, Duration lifetime) {
        return new ChildJvm(builder(arguments, lifetime).start(), lifetime);
    }

    /** Starts one whose stderr is read; stdout is a pipe that nobody reads. */
    public static ChildJvm readingStderr(List<String> arguments) {
        return new ChildJvm(builder(arguments, LIFETIME).leavingStdoutUnread().start(), LIFETIME);
    }

    private static JavaProcess.Builder builder(List<String> arguments, Duration lifetime) {
        return JavaProcess.ofArguments(arguments.toArray(String[]::new)).patience(lifetime.plus(LIFETIME));
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

    /** Waits for the next line that contains the text. */
    public String awaitLine(String part) {
        process.await("the next line with '" + part + "'", () -> next(part) >= 0);
        int line = next(part);
        read = line + 1;
        return process.lines().get(line);
    }

    private int next(String part) {
        List<String> lines = process.lines();
        for (int line = read; line < lines.size(); line++) {
            if (lines.get(line).contains(part)) {
                return line;
            }
        }
        return -1;
    }

    /** Waits for a line that contains the text and then a time, and returns that. */
    public Instant awaitInstant(String before) {
        String line = awaitLine(before);
        return Instant.parse(line.substring(line.indexOf(before) + before.length()));
    }

    /** Sends TERM, and returns when. */
    public Instant terminate() {
        Instant now = Instant.now();
        process.signal("TERM");
        return now;
    }

    /** Sends TERM, and returns how many milliseconds later the process was gone; its exit status must be the given one. */
    public double millisFromTermToGone(int status) {
        termAt = System.nanoTime();
        terminate();
        return millisSinceTerm(gone(status).nanoTime());
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
        return ProcessHandle.of(process.pid())
                .flatMap(handle -> handle.info().totalCpuDuration())
                .orElseThrow();
    }

    /** Waits for its end, and returns when that was; its exit status must be the given one. */
    public Instant awaitGone(int status) {
        return gone(status).instant();
    }

    private Moment gone(int status) {
        JavaProcess.Exit exit = process.awaitExit();
        if (exit.status() != status) {
            throw new IllegalStateException(
                    "status " + exit.status() + " (expected: " + status + "); it said " + process.lines());
        }
        return gone.join();
    }

    @Override
    public void close() {
        process.close();
    }
}
