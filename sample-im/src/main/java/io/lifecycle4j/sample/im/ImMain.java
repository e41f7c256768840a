package io.lifecycle4j.sample.im;

import io.lifecycle4j.App;
import picocli.CommandLine;

/** Reads the options, then runs the server as an app that owns this process. */
public final class ImMain {

    private ImMain() {}

    /** Runs until a signal ends it; {@code --help} explains the arguments. */
    public static void main(String[] arguments) {
        ImOptions options = new ImOptions();
        CommandLine command = new CommandLine(options).setParameterExceptionHandler((error, given) -> {
            error.getCommandLine().getErr().println(error.getMessage() + " (--help lists the options)");
            return CommandLine.ExitCode.USAGE;
        });
        int status = command.execute(arguments);
        if (status != CommandLine.ExitCode.OK || command.isUsageHelpRequested()) {
            System.exit(status);
        }
        App.run("im", new ImServer(options));
    }
}
