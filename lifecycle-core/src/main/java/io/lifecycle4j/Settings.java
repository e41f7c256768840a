package io.lifecycle4j;

import java.time.Duration;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is set once for a whole app. Immutable; valid by construction, since each setter checks its own value.
 *
 * @param echoWindow within which time a repetition of the same signal does not count
 * @param forcedStatus the exit status of a forced exit
 * @param onHangup what a HUP does in place of a shutdown; null if it shuts the app down
 */
record Settings(
        Limits limits,
        Duration echoWindow,
        ToIntFunction<ShutdownReport> exitStatus,
        int forcedStatus,
        @Nullable Runnable onHangup) {

    static final Settings DEFAULTS =
            new Settings(Limits.DEFAULTS, Duration.ofMillis(50), report -> report.isClean() ? 0 : 1, 1, null);

    Settings with(Limit limit, Duration value) {
        return with(limits.with(limit, value));
    }

    Settings with(Limits limits) {
        return new Settings(limits, echoWindow, exitStatus, forcedStatus, onHangup);
    }

    Settings withEchoWindow(Duration window) {
        return new Settings(
                limits, Limit.notNegative("ignoreRepeatedSignalsWithin", window), exitStatus, forcedStatus, onHangup);
    }

    Settings withExitStatus(ToIntFunction<ShutdownReport> status) {
        return new Settings(limits, echoWindow, Names.notNull("exit status function", status), forcedStatus, onHangup);
    }

    Settings withForcedStatus(int status) {
        if (status < 1 || status > 255) {
            throw new IllegalArgumentException("forcedExitStatus: " + status + " (expected: 1 to 255)");
        }
        return new Settings(limits, echoWindow, exitStatus, status, onHangup);
    }

    Settings withOnHangup(Runnable action) {
        return new Settings(limits, echoWindow, exitStatus, forcedStatus, Names.notNull("hangup action", action));
    }
}
