package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real processes under conditions that nobody wishes for. */
@Timeout(90)
@DisabledOnOs(OS.WINDOWS) // has no kill
class HostileProcessTest {

    @ParameterizedTest
    @EnumSource(Phase.class)
    void aSecondSignalForcesTheExitInEveryPhaseAndHangupDoesNot(Phase phase) throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-in-" + phase).startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("hanging in " + phase);
            child.signal("HUP");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM); " + phase))
                    .isEqualTo(1);
            assertThat(child.count("second signal (SIGHUP)")).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"drain", "resource", "task", "setup", "readiness", "two-callbacks"})
    void exitFromAnywhereRunsTheRestOfTheSequenceAndItsStatusStands(String where) throws Exception {
        try (JavaProcess child = ChildApp.jvm("exit-in-" + where).start()) {
            if (List.of("drain", "resource", "two-callbacks").contains(where)) {
                child.awaitLine("is running");
                child.signal("TERM");
            }
            assertThat(child.awaitExit().status()).isEqualTo(3);
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
            assertThat(child.count("Shutdown of 'child'")).isEqualTo(1);
            assertThat(child.says("forced")).isFalse();
        }
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void theSequenceRunsAlthoughAllOfTheAppsThreadsAreVirtual() throws Exception {
        try (JavaProcess child = ChildApp.jvm("virtual-threads-only").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void underNohupHangupDoesNothingAndTheRestWorks() throws Exception {
        try (JavaProcess child = ChildApp.jvm("plain").behind("nohup").start()) {
            child.awaitLine("is running; Ctrl+C or TERM stops it");
            assertThat(child.lines())
                    .filteredOn(line -> line.contains("stay ignored, as they were inherited"))
                    .singleElement()
                    .asString()
                    .contains("INFO ", "(nohup, background shell): HUP");
            child.signal("HUP");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.says("Shutdown of 'child' (SIGTERM): CLEAN")).isTrue();
        }
    }

    @Test
    void inABackgroundShellCtrlCDoesNothingAndIsNotOffered() throws Exception {
        String[] background = {"sh", "-c", "\"$@\" & wait $!", "sh"};
        try (JavaProcess child = ChildApp.jvm("plain").behind(background).start()) {
            child.awaitLine("is running; TERM stops it");
            assertThat(child.count("stay ignored, as they were inherited (nohup, background shell): INT"))
                    .isEqualTo(1);
            child.signal("INT");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.says("Shutdown of 'child' (SIGTERM): CLEAN")).isTrue();
        }
    }

    @Test
    void withoutSignalsExitStillRunsTheSequence() throws Exception {
        try (JavaProcess child = ChildApp.jvm("exit-elsewhere", "-Xrs").start()) {
            assertThat(child.awaitExit().status()).isEqualTo(7);
            assertThat(child.count("Signals that cannot be handled: INT, TERM (is the JVM run with -Xrs?)"))
                    .isEqualTo(1);
            assertThat(child.says("stops it")).isFalse();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void aJavaWithoutTheModuleOfSignalsIsOneLineThatNamesItAndStatusOne() throws Exception {
        try (JavaProcess child = ChildApp.jvm("plain", "--limit-modules", "java.logging,java.naming,java.xml")
                .start()) {
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.lines())
                    .filteredOn(line -> !line.equals("closed") && !line.equals("flushed"))
                    .singleElement()
                    .asString()
                    .contains(
                            "ERROR ",
                            "App 'child' could not start: this Java has no module jdk.unsupported,",
                            "jlink: --add-modules jdk.unsupported");
        }
    }

    @Test
    void aHookThatHangsIsEndedAtTheDeadlineAfterACleanSequence() throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-hook-short").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.says("Shutdown of 'child' (SIGTERM): CLEAN")).isTrue();
            assertThat(child.says("shutdownTimeout of 1 s has passed")).isTrue();
        }
    }

    @Test
    void twoSignalsDuringTheSetupForceTheExit() throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-setup").startAndAwaitLine("stuck in setup")) {
            child.signal("INT");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            // The JVM runs the two handlers at once, in either order; what is said of them must agree.
            String second = child.says("second signal (SIGTERM)") ? "TERM" : "INT";
            assertThat(child.count("is forced to exit with status 1: second signal (SIG" + second + ")"))
                    .isEqualTo(1);
            assertThat(child.says("is shutting down: SIG" + second)).isFalse();
        }
    }
}
