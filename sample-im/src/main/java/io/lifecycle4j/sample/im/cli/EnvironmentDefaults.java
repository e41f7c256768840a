package io.lifecycle4j.sample.im.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** For each option that is not given, {@code --some-name}, the environment's {@code IM_SOME_NAME}, unless empty. */
final class EnvironmentDefaults implements IDefaultValueProvider {
    private final Map<String, String> environment;
    private final List<String> arguments;

    public EnvironmentDefaults(Map<String, String> environment, List<String> arguments) {
        this.environment = environment;
        this.arguments = List.copyOf(arguments);
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || option.usageHelp()) {
            return null;
        }
        String variable = source(option.longestName());
        return variable == null ? null : environment.get(variable);
    }

    /** The variable that an option's value comes from; null if it was given as a flag, or is the default. */
    @Nullable
    public String source(String option) {
        // Asked for all options before the first argument is read: one that is given is not to fail for its variable.
        if (arguments.stream().anyMatch(each -> each.equals(option) || each.startsWith(option + "="))) {
            return null;
        }
        String variable = "IM_" + option.substring(2).toUpperCase(Locale.ROOT).replace('-', '_');
        return environment.getOrDefault(variable, "").isEmpty() ? null : variable;
    }
}
