package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How an app is set, by its builder and from the environment. */
class SettingsTest {
    private final AppRunner runner = new AppRunner("im", Clock.SYSTEM, null);
    private final AppBuilder builder = new AppBuilder(new App(runner), runner);

    @Test
    void theEnvironmentHasAVariableForEachLimit() {
        assertThat(Arrays.stream(Limit.values()).map(Limit::variable))
                .containsExactly(
                        "LIFECYCLE4J_START_TIMEOUT",
                        "LIFECYCLE4J_SHUTDOWN_TIMEOUT",
                        "LIFECYCLE4J_ANNOUNCE_DELAY",
                        "LIFECYCLE4J_DRAIN_TIMEOUT",
                        "LIFECYCLE4J_STOP_TIMEOUT",
                        "LIFECYCLE4J_CALLBACK_TIMEOUT",
                        "LIFECYCLE4J_RELEASE_TIMEOUT");
    }

    @Test
    void limitsFromTheEnvironmentReplaceThoseSetBeforeAndAreReplacedByThoseSetAfter() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(1)).stopTimeout(Duration.ofSeconds(1));
        builder.limitsFrom(Map.of(
                "LIFECYCLE4J_DRAIN_TIMEOUT", "500ms",
                "LIFECYCLE4J_RELEASE_TIMEOUT", " 4s ",
                "LIFECYCLE4J_SHUTDOWN_TIMEOUT", "2m",
                "LIFECYCLE4J_STOP_TIMEOUT", "",
                "LIFECYCLE4J_ANNOUNCE_DELAY", "0s"));
        builder.releaseTimeout(Duration.ofSeconds(9));
        Limits limits = limits();
        assertThat(limits.drain()).isEqualTo(Duration.ofMillis(500));
        assertThat(limits.stop()).isEqualTo(Duration.ofSeconds(1));
        assertThat(limits.shutdown()).isEqualTo(Duration.ofMinutes(2));
        assertThat(limits.announce()).isEqualTo(Duration.ZERO);
        assertThat(limits.release()).isEqualTo(Duration.ofSeconds(9));
        assertThat(limits.callback()).isEqualTo(Duration.ofSeconds(3));
        assertThat(limits.start()).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DRAIN_TIMEOUT    | 4       | LIFECYCLE4J_DRAIN_TIMEOUT: '4' (expected: a whole number with ms, s or m, such as 500ms, 4s or 2m)
            DRAIN_TIMEOUT    | ' '     | LIFECYCLE4J_DRAIN_TIMEOUT: ' ' (expected: a whole number with ms, s or m, such as 500ms, 4s or 2m)
            DRAIN_TIMEOUT    | -4s     | LIFECYCLE4J_DRAIN_TIMEOUT: '-4s' (expected: a whole number with ms, s or m, such as 500ms, 4s or 2m)
            DRAIN_TIMEOUT    | 4 s     | LIFECYCLE4J_DRAIN_TIMEOUT: '4 s' (expected: a whole number with ms, s or m, such as 500ms, 4s or 2m)
            SHUTDOWN_TIMEOUT | 0s      | LIFECYCLE4J_SHUTDOWN_TIMEOUT: '0s', shutdownTimeout: PT0S (expected: > 0)
            STOP_TIMEOUT     | 999999m | LIFECYCLE4J_STOP_TIMEOUT: '999999m', stopTimeout: PT16666H39M (expected: at most 365 days)
            """)
    void aWrongValueIsOneClearLineAndChangesNothing(String variable, String value, String message) {
        Map<String, String> environment = Map.of("LIFECYCLE4J_START_TIMEOUT", "4s", "LIFECYCLE4J_" + variable, value);
        assertThatThrownBy(() -> builder.limitsFrom(environment))
                .isInstanceOf(AppStartException.class)
                .hasMessage(message);
        assertThat(limits()).isEqualTo(Limits.DEFAULTS);
    }

    @Test
    void theStatusOfAForcedExitIsAnErrorsOne() {
        for (int status : new int[] {0, 256, -1}) {
            assertThatThrownBy(() -> builder.forcedExitStatus(status))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("forcedExitStatus: " + status + " (expected: 1 to 255)");
        }
    }

    @Test
    void aLimitOfItsOwnIsPositive() {
        Duration zero = Duration.ZERO;
        String message = "limit of 'x': PT0S (expected: > 0)";
        assertThatThrownBy(() -> builder.resource("x", zero, () -> {})).hasMessage(message);
        assertThatThrownBy(() -> builder.task("x", zero, view -> {})).hasMessage(message);
        assertThatThrownBy(() -> builder.onShutdown("x", zero, context -> {})).hasMessage(message);
        assertThatThrownBy(() -> builder.server(zero, new FakeServer("x", new java.util.ArrayList<>())))
                .hasMessage("limit of a server: PT0S (expected: > 0)");
    }

    private Limits limits() {
        return runner.registry().settings().limits();
    }
}
