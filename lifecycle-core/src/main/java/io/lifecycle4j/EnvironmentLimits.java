package io.lifecycle4j;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes limits from environment variables: {@code LIFECYCLE4J_DRAIN_TIMEOUT=4s}. */
final class EnvironmentLimits {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,10})(ms|s|m)");

    private EnvironmentLimits() {}

    static Limits over(Limits limits, Map<String, String> environment) throws AppStartException {
        Limits result = limits;
        Set<String> unknown = new TreeSet<>(environment.keySet());
        unknown.removeIf(name -> !name.startsWith(Limit.PREFIX));
        for (Limit limit : Limit.values()) {
            String text = environment.get(limit.variable());
            unknown.remove(limit.variable());
            if (text != null && !text.isEmpty()) { // charts and compose files pass on what is not set as empty
                result = result.with(limit, parsed(limit, text));
            }
        }
        if (!unknown.isEmpty()) {
            Log.warn("Environment variables that name no limit: {}", String.join(", ", unknown));
        }
        return result;
    }

    private static Duration parsed(Limit limit, String text) throws AppStartException {
        Matcher matcher = DURATION.matcher(text.strip());
        if (!matcher.matches()) {
            throw new AppStartException(limit.variable() + ": '" + text
                    + "' (expected: a whole number with ms, s or m, such as 500ms, 4s or 2m)");
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration value = switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            default -> Duration.ofMinutes(amount);
        };
        try {
            return limit.checked(value);
        } catch (IllegalArgumentException e) {
            throw new AppStartException(limit.variable() + ": '" + text + "', " + e.getMessage());
        }
    }
}
