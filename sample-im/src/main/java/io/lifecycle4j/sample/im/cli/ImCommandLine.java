package io.lifecycle4j.sample.im.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Reads the options from arguments and environment. */
public final class ImCommandLine {

    private ImCommandLine() {}

    /** Reads options into the object given; a wrong one is a line on stderr, and status 2. */
    public static CommandLine of(ImOptions options, Map<String, String> environment, String... arguments) {
        EnvironmentDefaults defaults = new EnvironmentDefaults(environment, List.of(arguments));
        return new CommandLine(options)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(Duration.class, new DurationConverter())
                .setDefaultValueProvider(defaults)
                .setParameterExceptionHandler((error, given) -> {
                    String option = error.getArgSpec() instanceof OptionSpec wrong ? wrong.longestName() : null;
                    String variable = option == null ? null : defaults.source(option);
                    return say(error.getCommandLine().getErr(), variable, String.valueOf(error.getMessage()));
                })
                .setExecutionExceptionHandler((error, line, parsed) -> {
                    if (error instanceof WrongOptionException wrong) {
                        return say(
                                line.getErr(),
                                defaults.source(wrong.option()),
                                wrong.option() + ": " + wrong.getMessage());
                    }
                    throw error;
                });
    }

    private static int say(PrintWriter err, @Nullable String variable, String message) {
        err.println((variable == null ? "" : "Environment variable " + variable + ": ") + message
                + " (--help lists the options)");
        return CommandLine.ExitCode.USAGE;
    }
}
