package io.lifecycle4j.sample.im;

import io.lifecycle4j.App;
import io.lifecycle4j.sample.im.cli.ImCommandLine;
import io.lifecycle4j.sample.im.cli.ImOptions;
import java.util.Locale;
import picocli.CommandLine;

/** Reads the options, then runs the server as an app that owns this process. */
public final class ImMain {

    private ImMain() {}

    /** Runs until a signal ends it; {@code --help} explains the arguments. */
    public static void main(String[] arguments) {
        // Before the first logger is made, for logback.xml to see.
        System.setProperty(
                "im.log",
                ImCommandLine.logFormat(System.getenv(), arguments).name().toLowerCase(Locale.ROOT));
        ImOptions options = new ImOptions();
        CommandLine command = ImCommandLine.of(options, System.getenv(), arguments);
        int status = command.execute(arguments);
        if (status != CommandLine.ExitCode.OK || command.isUsageHelpRequested()) {
            System.exit(status);
        }
        if (options.serving.databaseOnly >= 0) {
            App.run("im-database", new DatabaseServer(options));
        } else {
            App.run("im", new ImServer(options));
        }
    }
}
