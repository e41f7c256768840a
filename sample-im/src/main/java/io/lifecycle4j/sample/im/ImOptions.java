package io.lifecycle4j.sample.im;

import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The command line; each option has an environment variable behind it. Read once, before anything starts. */
@Command(
        name = "sample-im",
        mixinStandardHelpOptions = false,
        sortOptions = false,
        description = "A chat server that stops well. Ctrl+C stops it, a second Ctrl+C ends it at once.",
        footer = {
            "",
            "Durations are written 500ms, 4s or 2m. Each option can be given as an environment variable instead,",
            "for example IM_PORT=8090 or IM_DRAIN_TIMEOUT=4s."
        })
final class ImOptions implements Runnable {

    @Option(
            names = "--host",
            defaultValue = "${env:IM_HOST:-127.0.0.1}",
            description = "Address to listen on (default: 127.0.0.1).")
    String host = "";

    @Option(
            names = "--port",
            defaultValue = "${env:IM_PORT:-8080}",
            description = "Port of the page, the API and the WebSocket (default: 8080; 0: any free one).")
    int port;

    @Option(
            names = "--admin-port",
            defaultValue = "${env:IM_ADMIN_PORT:-8081}",
            description = "Port of /livez and /readyz (default: 8081; 0: any free one).")
    int adminPort;

    @Option(
            names = "--mongo-uri",
            defaultValue = "${env:IM_MONGO_URI:-}",
            description = "MongoDB's connection string; without it an embedded server keeps its data in --data-dir.")
    String mongoUri = "";

    @Option(
            names = "--data-dir",
            defaultValue = "${env:IM_DATA_DIR:-data}",
            description = "Folder of the embedded server's data (default: data).")
    Path dataDir = Path.of("data");

    @Option(
            names = "--announce-delay",
            defaultValue = "${env:IM_ANNOUNCE_DELAY:-0s}",
            converter = DurationConverter.class,
            description = "How long to serve on when no longer ready (default: 0s).")
    Duration announceDelay = Duration.ZERO;

    @Option(
            names = "--drain-timeout",
            defaultValue = "${env:IM_DRAIN_TIMEOUT:-10s}",
            converter = DurationConverter.class,
            description = "How long requests in flight may take to finish (default: 10s).")
    Duration drainTimeout = Duration.ZERO;

    @Option(
            names = "--callback-timeout",
            defaultValue = "${env:IM_CALLBACK_TIMEOUT:-3s}",
            converter = DurationConverter.class,
            description = "How long the flush of the read receipts may take (default: 3s).")
    Duration callbackTimeout = Duration.ZERO;

    @Option(
            names = "--shutdown-timeout",
            defaultValue = "${env:IM_SHUTDOWN_TIMEOUT:-25s}",
            converter = DurationConverter.class,
            description = "How long the whole shutdown may take before it is forced (default: 25s).")
    Duration shutdownTimeout = Duration.ZERO;

    @Option(
            names = "--demo",
            defaultValue = "${env:IM_DEMO:-false}",
            description = "Adds GET /demo/slow?millis=N, a request that takes its time.")
    boolean demo;

    @Option(
            names = "--demo-flush-millis",
            defaultValue = "${env:IM_DEMO_FLUSH_MILLIS:-0}",
            description = "Makes the flush of the read receipts take that long.")
    long demoFlushMillis;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    boolean help;

    @Spec
    @Nullable
    CommandSpec spec;

    /** Checks what the types alone do not. */
    @Override
    public void run() {
        checkPort("--port", port);
        checkPort("--admin-port", adminPort);
        if (port == adminPort && port != 0) {
            throw wrong("--admin-port: " + adminPort + " (expected: another port than --port)");
        }
        if (drainTimeout.isNegative() || shutdownTimeout.isZero() || callbackTimeout.isZero()) {
            throw wrong("--shutdown-timeout " + shutdownTimeout + ", --callback-timeout " + callbackTimeout
                    + " (expected: > 0)");
        }
        if (demoFlushMillis < 0) {
            throw wrong("--demo-flush-millis: " + demoFlushMillis + " (expected: >= 0)");
        }
    }

    private void checkPort(String name, int value) {
        if (value < 0 || value > 65_535) {
            throw wrong(name + ": " + value + " (expected: 0 to 65535)");
        }
    }

    private ParameterException wrong(String message) {
        if (spec == null) {
            throw new IllegalArgumentException(message);
        }
        return new ParameterException(spec.commandLine(), message);
    }

    /** Reads {@code 500ms}, {@code 4s}, {@code 2m}. */
    static final class DurationConverter implements ITypeConverter<Duration> {
        private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m)");

        @Override
        public Duration convert(String value) {
            Matcher matcher = FORM.matcher(value);
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + value + "' is no duration (expected: such as 500ms, 4s or 2m)");
            }
            long amount = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                default -> Duration.ofMinutes(amount);
            };
        }
    }
}
