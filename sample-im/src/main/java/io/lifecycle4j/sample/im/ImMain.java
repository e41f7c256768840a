package io.lifecycle4j.sample.im;

import io.lifecycle4j.App;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Reads the options, then runs the server as an app that owns this process. */
public final class ImMain {

    private ImMain() {}

    /** Runs until a signal ends it; {@code --help} explains the arguments. */
    public static void main(String[] arguments) {
        ImOptions options = new ImOptions();
        CommandLine command = commandLine(options, System.getenv(), arguments).setExecutionStrategy(parsed -> {
            // Before the first logger is made, for logback.xml to see.
            System.setProperty("im.log", options.serving.logFormat.name().toLowerCase(Locale.ROOT));
            return new CommandLine.RunLast().execute(parsed);
        });
        int status = command.execute(arguments);
        if (status != CommandLine.ExitCode.OK || command.isUsageHelpRequested()) {
            System.exit(status);
        }
        App.run("im", new ImServer(options));
    }

    /** Reads options into the object given; a wrong one is a line on stderr, and status 2. */
    static CommandLine commandLine(ImOptions options, Map<String, String> environment, String... arguments) {
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
