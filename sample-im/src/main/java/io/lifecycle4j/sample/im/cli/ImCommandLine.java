package io.lifecycle4j.sample.im.cli;

import io.lifecycle4j.sample.im.cli.Serving.LogFormat;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Reads the options from arguments and environment. */
public final class ImCommandLine {

    private ImCommandLine() {}

    /** The option that is read before all others, as it says how to report what is wrong with them. */
    private static final class First {
        @Option(names = "--log-format")
        LogFormat logFormat = LogFormat.TEXT;
    }

    /** Returns how to log; text if the option itself is wrong. */
    public static LogFormat logFormat(Map<String, String> environment, String... arguments) {
        First first = new First();
        try {
            new CommandLine(first)
                    .setCaseInsensitiveEnumValuesAllowed(true)
                    .setUnmatchedArgumentsAllowed(true)
                    .setDefaultValueProvider(new EnvironmentDefaults(environment, List.of(arguments)))
                    .parseArgs(arguments);
            return first.logFormat;
        } catch (ParameterException e) {
            return LogFormat.TEXT;
        }
    }

    /** Reads options into the object given; a wrong one is a line, on stderr or as JSON in the log, and status 2. */
    public static CommandLine of(ImOptions options, Map<String, String> environment, String... arguments) {
        EnvironmentDefaults defaults = new EnvironmentDefaults(environment, List.of(arguments));
        Supplier<LogFormat> format = () -> logFormat(environment, arguments); // asked for only if something is wrong
        return new CommandLine(options)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(Duration.class, new DurationConverter())
                .setDefaultValueProvider(defaults)
                .setParameterExceptionHandler((error, given) -> {
                    String option = error.getArgSpec() instanceof OptionSpec wrong ? wrong.longestName() : null;
                    String variable = option == null ? null : defaults.source(option);
                    return say(
                            error.getCommandLine().getErr(),
                            format.get(),
                            variable,
                            String.valueOf(error.getMessage()));
                })
                .setExecutionExceptionHandler((error, line, parsed) -> {
                    if (error instanceof WrongOptionException wrong) {
                        return say(
                                line.getErr(),
                                format.get(),
                                defaults.source(wrong.option()),
                                wrong.option() + ": " + wrong.getMessage());
                    }
                    throw error;
                });
    }

    private static int say(PrintWriter err, LogFormat format, @Nullable String variable, String message) {
        String line = (variable == null ? "" : "Environment variable " + variable + ": ") + message
                + " (--help lists the options)";
        switch (format) {
            case TEXT -> err.println(line);
            case JSON -> LoggerFactory.getLogger(ImCommandLine.class).error(line);
        }
        return CommandLine.ExitCode.USAGE;
    }
}
