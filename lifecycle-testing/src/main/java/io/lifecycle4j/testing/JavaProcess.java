package io.lifecycle4j.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A JVM of its own that runs a service, gets real signals, and is watched from outside: what it prints, how it exits, and when.
 *
 * <pre>{@code
 * try (JavaProcess shop = JavaProcess.of(ShopMain.class).arguments("--port", "0").startAndAwaitLine("is running")) {
 *     shop.signal("TERM");
 *     JavaProcess.Exit exit = shop.awaitExit();
 *     assertEquals(0, exit.status());
 *     assertTrue(exit.sinceSignal().compareTo(Duration.ofSeconds(5)) < 0);
 *     assertTrue(shop.says("CLEAN"));
 * }
 * }</pre>
 *
 * <p>Methods named <em>await</em> wait for {@link Builder#patience} at most (30 s by default), and not longer than the process lives; then
 * they throw {@link AssertionError} with the last lines that it printed. Of its lines the last 10,000 are kept, those of stdout and
 * stderr as they come. Thread-safe.
 *
 * <p>Signals other than TERM are sent with the {@code kill} of a shell; Windows has none of them.
 *
 * @since 0.1
 */
public final class JavaProcess implements AutoCloseable {
    private static final int LINES_KEPT = 10_000;
    private static final int LINES_SHOWN = 50;
    private static final long POLL_MILLIS = 20;
    private static final Duration FOR_THE_REST_OF_THE_OUTPUT = Duration.ofSeconds(5);

    /**
     * How the process ended.
     *
     * @param status its exit status; 128 and the signal's number if a signal killed it, such as 137 for KILL
     * @param sinceSignal the time since the first signal was sent; since the start if none was
     */
    public record Exit(int status, Duration sinceSignal) {}

    private final Process process;
    private final String name;
    private final Duration patience;
    private final boolean behindCommand;
    private final Deque<String> lines = new ArrayDeque<>();
    private final List<Thread> readers = new ArrayList<>();
    private final CompletableFuture<Long> ended;
    private final long startedAt;
    private @Nullable Long signalledAt;

    private JavaProcess(Builder builder, Process process, long startedAt) {
        this.process = process;
        this.startedAt = startedAt;
        this.name = builder.name;
        this.patience = builder.patience;
        this.behindCommand = !builder.prefix.isEmpty();
        this.ended = process.onExit().thenApply(over -> System.nanoTime());
        read("stderr", process.errorReader(StandardCharsets.UTF_8));
        if (builder.readsStdout) {
            read("stdout", process.inputReader(StandardCharsets.UTF_8));
        }
    }

    /** Begins with a class that has a {@code main} method, on the class path of the calling JVM. */
    public static Builder of(Class<?> main) {
        return new Builder(main.getName(), "-cp", System.getProperty("java.class.path"), main.getName());
    }

    /** Begins with a runnable jar. */
    public static Builder ofJar(Path jar) {
        return new Builder(jar.toString(), "-jar", jar.toString());
    }

    /**
     * Begins with what follows {@code java} in a command line and says what to run: a class path of its own and a class, or
     * {@code --module-path} and {@code --module}.
     */
    public static Builder ofArguments(String... main) {
        if (main.length == 0) {
            throw new IllegalArgumentException("main: none (expected: what java is to run)");
        }
        return new Builder(main[main.length - 1], main);
    }

    /** What to start, and how. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final List<String> main;
        private final List<String> prefix = new ArrayList<>();
        private final List<String> options = new ArrayList<>();
        private final List<String> arguments = new ArrayList<>();
        private final ProcessBuilder builder = new ProcessBuilder();
        private boolean readsStdout = true;
        private Duration patience = Duration.ofSeconds(30);

        private Builder(String name, String... main) {
            this.name = name;
            this.main = List.of(main);
        }

        /** Adds options of the JVM, such as {@code -Xmx64m}. */
        public Builder options(String... more) {
            options.addAll(List.of(more));
            return this;
        }

        /** Adds arguments of the program. */
        public Builder arguments(String... more) {
            arguments.addAll(List.of(more));
            return this;
        }

        /** Changes the environment variables, which are those of the calling process otherwise. */
        public Builder environment(Consumer<Map<String, String>> change) {
            change.accept(builder.environment());
            return this;
        }

        /** Sets the working directory, which is the one of the calling process otherwise. */
        public Builder directory(Path directory) {
            builder.directory(directory.toFile());
            return this;
        }

        /**
         * Has a command start the JVM, such as {@code nohup}, or {@code sh} with a script whose last words are {@code "$@"}. Signals go
         * to the JVM even if the command stays before it; the exit is the command's.
         */
        public Builder behind(String... command) {
            prefix.addAll(List.of(command));
            return this;
        }

        /** Leaves stdout a pipe that nobody reads: it fills, and a write to it then blocks. */
        public Builder leavingStdoutUnread() {
            readsStdout = false;
            return this;
        }

        /** Sets how long methods named <em>await</em> wait at most; 30 s by default. */
        public Builder patience(Duration limit) {
            if (limit.isNegative() || limit.isZero()) {
                throw new IllegalArgumentException("patience: " + limit + " (expected: > 0)");
            }
            patience = limit;
            return this;
        }

        /** Starts it, with the {@code java} of the calling JVM. */
        public JavaProcess start() {
            List<String> command = new ArrayList<>(prefix);
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(options);
            command.addAll(main);
            command.addAll(arguments);
            long now = System.nanoTime();
            try {
                return new JavaProcess(this, builder.command(command).start(), now);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot start " + command, e);
            }
        }

        /** Starts it and returns when it has printed a line with the given text; if none comes, it is closed. */
        public JavaProcess startAndAwaitLine(String part) {
            JavaProcess started = start();
            try {
                started.awaitLine(part);
                return started;
            } catch (Throwable e) {
                started.close();
                throw e;
            }
        }
    }

    private void read(String stream, BufferedReader source) {
        Thread reader = new Thread(
                () -> {
                    try {
                        source.lines().forEach(this::add);
                    } catch (UncheckedIOException e) {
                        // the process was ended by close()
                    }
                },
                name + "-" + stream);
        reader.setDaemon(true);
        reader.start();
        readers.add(reader);
    }

    private synchronized void add(String line) {
        if (lines.size() == LINES_KEPT) {
            lines.remove();
        }
        lines.add(line);
        notifyAll();
    }

    /** Returns the lines printed so far, without those of stdout if nobody reads it. */
    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    /** Returns whether a line with the given text was printed. */
    public boolean says(String part) {
        return count(part) > 0;
    }

    /** Returns how many lines with the given text were printed. */
    public long count(String part) {
        return lines().stream().filter(line -> line.contains(part)).count();
    }

    /** Waits until a line with the given text has been printed, and returns the first; at once if it was printed before. */
    public String awaitLine(String part) {
        await("a line with '" + part + "'", () -> says(part));
        return lines().stream().filter(line -> line.contains(part)).findFirst().orElseThrow();
    }

    /** Waits until a GET of the address is answered with 200, such as {@code /readyz}. */
    public void awaitReady(URI address) {
        await("200 from " + address, () -> status(address) == HttpURLConnection.HTTP_OK);
    }

    private static int status(URI address) {
        try {
            HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
            connection.setConnectTimeout(1_000);
            connection.setReadTimeout(1_000);
            try {
                return connection.getResponseCode();
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return -1; // nobody listens yet
        }
    }

    /**
     * Waits until the condition holds, which is asked every 20 ms and whenever a line was printed.
     *
     * @param what names it, for the error
     */
    public void await(String what, BooleanSupplier condition) {
        long until = System.nanoTime() + patience.toNanos();
        boolean last = false;
        while (!condition.getAsBoolean()) {
            if (last) {
                throw new AssertionError("waited for " + what + "; " + situation());
            }
            last = isOver() || System.nanoTime() >= until; // what was printed at the last moment counts
            pause();
        }
    }

    private boolean isOver() {
        return ended.isDone() && readers.stream().noneMatch(Thread::isAlive);
    }

    private synchronized void pause() {
        try {
            TimeUnit.MILLISECONDS.timedWait(this, POLL_MILLIS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static AssertionError interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new AssertionError("interrupted while waiting", e);
    }

    private String situation() {
        List<String> all = lines();
        List<String> shown = all.subList(Math.max(0, all.size() - LINES_SHOWN), all.size());
        return name
                + (process.isAlive() ? " is alive" : " has ended with status " + process.exitValue())
                + (all.isEmpty() ? " and printed nothing" : "; its last lines:\n" + String.join("\n", shown));
    }

    /** Returns the id of the JVM's process, also if it is behind a command. */
    public long pid() {
        return handle().pid();
    }

    private ProcessHandle handle() {
        ProcessHandle jvm = jvm();
        if (jvm == null) {
            await("the JVM behind its command", () -> jvm() != null);
            jvm = jvm();
        }
        if (jvm == null) {
            throw new AssertionError("the JVM behind its command is gone; " + situation());
        }
        return jvm;
    }

    private @Nullable ProcessHandle jvm() {
        ProcessHandle started = process.toHandle();
        return !behindCommand
                ? started
                : Stream.concat(Stream.of(started), started.descendants())
                        .filter(each -> each.info()
                                .command()
                                .filter(command -> Path.of(command).endsWith("java"))
                                .isPresent())
                        .findFirst()
                        .orElse(null);
    }

    /**
     * Sends a signal and returns when it is sent.
     *
     * @param signal its name, such as INT, TERM, HUP, KILL, STOP or CONT
     * @throws AssertionError if the process has ended, or there is no such signal
     * @throws UnsupportedOperationException on Windows, which has no signals
     */
    public void signal(String signal) {
        ProcessHandle jvm = handle();
        synchronized (this) {
            signalledAt = signalledAt == null ? System.nanoTime() : signalledAt;
        }
        // Without a shell, whose start takes milliseconds. Not Process.destroy, which closes the pipes as well.
        boolean direct = signal.equals("TERM") && jvm.supportsNormalTermination();
        boolean sent = direct ? jvm.destroy() : kill(signal, jvm);
        if (!sent) {
            throw new AssertionError("signal " + signal + " could not be sent; " + situation());
        }
    }

    // The shell's own kill: there may be no other.
    private static boolean kill(String signal, ProcessHandle jvm) {
        try {
            return new ProcessBuilder("sh", "-c", "kill -s \"$0\" \"$1\"", signal, String.valueOf(jvm.pid()))
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            throw new UnsupportedOperationException("signal: " + signal + " (expected: a system with sh and kill)", e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Waits until the process has ended and all that it printed was read. */
    public Exit awaitExit() {
        long endedAt;
        try {
            endedAt = ended.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            for (Thread reader : readers) {
                reader.join(FOR_THE_REST_OF_THE_OUTPUT.toMillis()); // longer only if its own children live on
            }
        } catch (TimeoutException e) {
            throw new AssertionError("waited for the exit; " + situation(), e);
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        synchronized (this) {
            return new Exit(
                    process.exitValue(), Duration.ofNanos(endedAt - (signalledAt == null ? startedAt : signalledAt)));
        }
    }

    /** Kills it and what it has started, if it is alive, and returns when it has ended. Idempotent. */
    @Override
    public void close() {
        List<ProcessHandle> children = process.descendants().toList(); // asked first: the dead have none
        children.forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join();
        children.forEach(child -> child.onExit().join());
    }
}
