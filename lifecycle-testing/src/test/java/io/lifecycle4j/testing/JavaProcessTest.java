package io.lifecycle4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(90)
@DisabledOnOs(OS.WINDOWS) // has no kill
class JavaProcessTest {

    private static JavaProcess.Builder child(String... arguments) {
        return JavaProcess.of(Child.class).arguments(arguments);
    }

    @Test
    void aProcessHasItsOptionsArgumentsEnvironmentAndDirectoryAndItsOutputIsKept(@TempDir Path folder)
            throws Exception {
        try (JavaProcess process = child("says", "first word")
                .arguments("second word")
                .options("-Dchild=an option")
                .environment(variables -> variables.putAll(Map.of("CHILD", "a child")))
                .directory(folder.toRealPath())
                .start()) {
            assertThat(process.awaitExit().status()).isEqualTo(3);
            assertThat(process.lines())
                    .contains("first word", "second word", "a child in " + folder.toRealPath() + " with an option");
            assertThat(process.count("word")).isEqualTo(2);
            assertThat(process.says("third")).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "HUP"})
    void aSignalEndsAnAppAndTheExitTellsStatusAndTimes(String signal) {
        try (JavaProcess process = child("app").startAndAwaitLine("is running")) {
            process.signal(signal);
            JavaProcess.Exit exit = process.awaitExit();
            assertThat(exit.status()).isZero();
            assertThat(exit.sinceSignal()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(30));
            assertThat(process.says("Shutdown of 'child' (SIG" + signal + "): CLEAN"))
                    .isTrue();
        }
    }

    @Test
    void killIsASignalLikeAnyOther() {
        try (JavaProcess process = child("app").startAndAwaitLine("is running")) {
            process.signal("KILL");
            assertThat(process.awaitExit().status()).isEqualTo(137);
            assertThat(process.says("bye")).isFalse();
            assertThatThrownBy(() -> process.signal("TERM"))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining(
                            "signal TERM could not be sent; " + Child.class.getName() + " has ended with status 137");
        }
    }

    @Test
    void anUnknownSignalIsAnError() {
        try (JavaProcess process = child("hangs").startAndAwaitLine("hanging")) {
            assertThatThrownBy(() -> process.signal("NONE"))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("signal NONE could not be sent");
        }
    }

    @Test
    void aLineThatCannotComeAnyMoreFailsAtOnceWithTheLastLines() {
        try (JavaProcess process =
                child("says", "something else").patience(Duration.ofMinutes(5)).start()) {
            assertThatThrownBy(() -> process.awaitLine("is running"))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("waited for a line with 'is running'; " + Child.class.getName()
                            + " has ended with status 3; its last lines:\n")
                    .hasMessageContaining("something else");
        }
    }

    @Test
    void aProcessThatDoesNotEndFailsTheWaitWithItsLastLines() {
        try (JavaProcess process =
                child("hangs").patience(Duration.ofSeconds(5)).startAndAwaitLine("hanging")) {
            assertThatThrownBy(process::awaitExit)
                    .isInstanceOf(AssertionError.class)
                    .hasMessage(
                            "waited for the exit; " + Child.class.getName() + " is alive; its last lines:\nhanging");
        }
    }

    @Test
    void aStartWhoseLineDoesNotComeLeavesNoProcess() {
        assertThatThrownBy(() -> child("hangs").patience(Duration.ofSeconds(3)).startAndAwaitLine("is running"))
                .isInstanceOf(AssertionError.class);
        assertThat(ProcessHandle.current().children()).isEmpty();
    }

    @Test
    void closeKillsTheProcessAndTheCommandBeforeIt() {
        JavaProcess process =
                child("hangs").behind("sh", "-c", "\"$@\"; exit 1", "sh").startAndAwaitLine("hanging");
        long pid = process.pid();
        assertThat(ProcessHandle.of(pid)).isPresent();
        process.close();
        process.close();
        assertThat(ProcessHandle.of(pid)).isEmpty();
        assertThat(ProcessHandle.current().children()).isEmpty();
    }

    @Test
    void aSignalGoesToTheJvmBehindACommandThatStaysBeforeIt() {
        try (JavaProcess process =
                child("app").behind("sh", "-c", "\"$@\"; exit 7", "sh").startAndAwaitLine("is running")) {
            process.signal("TERM");
            assertThat(process.awaitExit().status()).isEqualTo(7);
            assertThat(process.says("bye")).isTrue();
        }
    }

    @Test
    void stdoutThatNobodyReadsHoldsUpTheProcess() {
        try (JavaProcess process = child("floods")
                .leavingStdoutUnread()
                .patience(Duration.ofSeconds(3))
                .start()) {
            assertThat(process.awaitLine("flooding")).isEqualTo("flooding");
            assertThatThrownBy(() -> process.awaitLine("flooded")).isInstanceOf(AssertionError.class);
            assertThat(process.lines()).containsExactly("flooding");
        }
    }

    @Test
    void ofALongOutputTheLastLinesAreKept() {
        try (JavaProcess process = child("floods").start()) {
            assertThat(process.awaitExit().status()).isZero();
            assertThat(process.lines()).hasSize(10_000).contains("line 999999");
        }
    }

    @Test
    void awaitReadyReturnsWithTheFirst200() {
        try (JavaProcess process = child("serves").start()) {
            String port = process.awaitLine("port ").substring("port ".length());
            process.awaitReady(URI.create("http://127.0.0.1:" + port + "/readyz"));
            process.awaitLine("asked 3");
            assertThat(process.says("asked 4")).isFalse();
        }
    }

    @Test
    void aWrongPatienceIsNamed() {
        assertThatThrownBy(() -> child("hangs").patience(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience: PT0S (expected: > 0)");
    }
}
