package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real processes, real signals. */
@Timeout(90)
@DisabledOnOs(OS.WINDOWS) // has no kill
class JvmProcessTest {

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "HUP"})
    void aSignalRunsTheWholeSequenceAndTheStatusIsZero(String signal) throws Exception {
        try (ChildJvm child = ChildJvm.start("plain").awaitLine("is running")) {
            child.signal(signal);
            assertThat(child.awaitStatus()).isZero();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
            assertThat(child.count("Shutdown of 'child' (SIG" + signal + "): CLEAN"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aSecondSignalForcesTheExitAndSaysWhyOnce() throws Exception {
        try (ChildJvm child = ChildJvm.start("hanging-callback").awaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("CALLBACKS: hang");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
            assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM); CALLBACKS;"
                            + " still running: CALLBACKS hang"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileAHookHangs() throws Exception {
        try (ChildJvm child = ChildJvm.start("hanging-hook").awaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("Shutdown of 'child'");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"setup", "start"})
    void aSecondSignalForcesTheExitOfAnAppThatDoesNotStart(String where) throws Exception {
        try (ChildJvm child = ChildJvm.start("hanging-" + where).awaitLine("stuck in " + where)) {
            child.signal("INT");
            child.awaitLine("interrupted");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
            assertThat(child.lines())
                    .anyMatch(line -> line.matches(".*forced to exit .*still running: " + where + ".*"));
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileACallbackHoldsEveryLockItCan() throws Exception {
        try (ChildJvm child = ChildJvm.start("held-locks").awaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("holding");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
            assertThat(child.count("is forced to exit")).isEqualTo(1); // past the log, whose stream is locked
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileStdoutIsAFullPipeThatNobodyReads() throws Exception {
        try (ChildJvm child = ChildJvm.start(List.of(), "full-stdout")) {
            child.awaitLine("filling");
            child.signal("INT");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
            assertThat(child.count("is forced to exit")).isEqualTo(1);
        }
    }

    @Test
    void theDeadlineHaltsAlthoughTheHeapIsFull() throws Exception {
        try (ChildJvm child =
                ChildJvm.start("full-heap", "-Xmx24m", "-XX:+UseSerialGC").awaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
        }
    }

    @Test
    void aStuckLoggerCostsAShutdownItsLinesAndNotItsExit() throws Exception {
        try (ChildJvm child = ChildJvm.start(List.of(), "full-stdout-only")) {
            child.awaitLine("filling");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isZero();
            assertThat(child.says("flushed past the log")).isTrue();
        }
    }

    @Test
    void theSequenceRunsAlthoughOnlyDaemonThreadsAreLeft() throws Exception {
        try (ChildJvm child = ChildJvm.start("daemon-threads-only").awaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitStatus()).isZero();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void exitElsewhereRunsTheSequenceAndItsStatusStands() throws Exception {
        try (ChildJvm child = ChildJvm.start("exit-elsewhere")) {
            assertThat(child.awaitStatus()).isEqualTo(7);
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void exitInACallbackIsAFailedStepThatNobodyWaitsFor() throws Exception {
        try (ChildJvm child = ChildJvm.start("exit-in-callback").awaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(3);
            assertThat(child.lines()).contains("closed");
            assertThat(child.says("called System.exit")).isTrue();
            assertThat(child.says("io.lifecycle4j.ChildApp.lambda$main"))
                    .as("the call's own stack, among %s", child.lines())
                    .isTrue();
        }
    }

    @Test
    void exitInAStartStopsWhatHadStarted() throws Exception {
        try (ChildJvm child = ChildJvm.start("exit-in-start")) {
            assertThat(child.awaitStatus()).isEqualTo(4);
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void everyPhaseHasItsTurnAlthoughAllIsStuckAndTheDeadlineHalts() throws Exception {
        try (ChildJvm child = ChildJvm.start("all-stuck").awaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(1);
            assertThat(child.lines())
                    .containsSubsequence("stuck in announce", "stuck in drain", "stuck in flush")
                    .containsSubsequence("stuck in second", "stuck in first", "stuck in status");
            assertThat(child.says("forced to exit with status 1: shutdownTimeout of 2 s has passed"))
                    .isTrue();
            assertThat(child.says("'flush' is interrupted near its limit of ")).isTrue();
            assertThat(child.says("at io.lifecycle4j.ChildApp.hang(ChildApp.java"))
                    .isTrue();
        }
    }

    @Test
    void aSecondRunInOneJvmIsRefused() throws Exception {
        try (ChildJvm child = ChildJvm.start("second-run")) {
            child.awaitLine("App 'other' cannot run: this JVM belongs to app 'child'");
            child.awaitLine("is running");
            child.signal("TERM");
            assertThat(child.awaitStatus()).isZero();
        }
    }

    @Test
    void signalsThatCannotBeHadAreSaidOnce() throws Exception {
        try (ChildJvm child = ChildJvm.start("plain", "-Xrs").awaitLine("is running")) {
            assertThat(child.lines())
                    .filteredOn(line -> line.contains("Signals that cannot be handled"))
                    .singleElement()
                    .asString()
                    .contains("WARN ", "INT, TERM (is the JVM run with -Xrs?)");
        }
    }

    @Test
    void anEmbeddedAppLeavesSignalsToItsProcess() throws Exception {
        try (ChildJvm child = ChildJvm.start("embedded").awaitLine("started")) {
            child.signal("TERM");
            assertThat(child.awaitStatus()).isEqualTo(143); // the JVM's own
            assertThat(child.lines()).doesNotContain("flushed", "closed");
        }
    }

    @Test
    void signalsThatAreInheritedAsIgnoredAreSaidOnceAndTheRestWorks() throws Exception {
        List<String> ignoring = List.of("sh", "-c", "trap '' HUP; exec \"$@\"", "sh");
        try (ChildJvm child = ChildJvm.start(ignoring, "plain").readingStdout().awaitLine("is running")) {
            assertThat(child.count("Signals that stay ignored, as they were inherited (nohup, background shell): HUP"))
                    .isEqualTo(1);
            child.signal("TERM");
            assertThat(child.awaitStatus()).isZero();
        }
    }
}
