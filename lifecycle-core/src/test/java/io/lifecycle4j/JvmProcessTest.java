package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
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
        try (JavaProcess child = ChildApp.jvm("plain").startAndAwaitLine("is running")) {
            child.signal(signal);
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
            assertThat(child.count("Shutdown of 'child' (SIG" + signal + "): CLEAN"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aSecondSignalForcesTheExitAndSaysWhyOnce() throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-callback").startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("hanging"); // the line of the phase comes before its steps run
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM); CALLBACKS;"
                            + " still running: CALLBACKS hang"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileAHookHangs() throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-hook").startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("Shutdown of 'child'");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"setup", "start"})
    void aSecondSignalForcesTheExitOfAnAppThatDoesNotStart(String where) throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-" + where).startAndAwaitLine("stuck in " + where)) {
            child.signal("INT");
            child.awaitLine("interrupted");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.lines())
                    .anyMatch(line -> line.matches(".*forced to exit .*still running: " + where + ".*"));
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileACallbackHoldsEveryLockItCan() throws Exception {
        try (JavaProcess child = ChildApp.jvm("held-locks").startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("holding");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit")).isEqualTo(1); // past the log, whose stream is locked
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileStdoutIsAFullPipeThatNobodyReads() throws Exception {
        try (JavaProcess child =
                ChildApp.jvm("full-stdout").leavingStdoutUnread().start()) {
            child.awaitLine("filling");
            child.signal("INT");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit")).isEqualTo(1);
        }
    }

    @Test
    void theDeadlineHaltsAlthoughTheHeapIsFull() throws Exception {
        try (JavaProcess child =
                ChildApp.jvm("full-heap", "-Xmx24m", "-XX:+UseSerialGC").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
        }
    }

    @Test
    void aStuckLoggerCostsAShutdownItsLinesAndNotItsExit() throws Exception {
        try (JavaProcess child =
                ChildApp.jvm("full-stdout-only").leavingStdoutUnread().start()) {
            child.awaitLine("filling");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.says("flushed past the log")).isTrue();
        }
    }

    @Test
    void theSequenceRunsAlthoughOnlyDaemonThreadsAreLeft() throws Exception {
        try (JavaProcess child = ChildApp.jvm("daemon-threads-only").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void exitElsewhereRunsTheSequenceAndItsStatusStands() throws Exception {
        try (JavaProcess child = ChildApp.jvm("exit-elsewhere").start()) {
            assertThat(child.awaitExit().status()).isEqualTo(7);
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void exitInACallbackIsAFailedStepThatNobodyWaitsFor() throws Exception {
        try (JavaProcess child = ChildApp.jvm("exit-in-callback").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(3);
            assertThat(child.lines()).contains("closed");
            assertThat(child.says("called System.exit")).isTrue();
            assertThat(child.says("io.lifecycle4j.ChildApp.lambda$main"))
                    .as("the call's own stack, among %s", child.lines())
                    .isTrue();
        }
    }

    @Test
    void exitInAStartStopsWhatHadStarted() throws Exception {
        try (JavaProcess child = ChildApp.jvm("exit-in-start").start()) {
            assertThat(child.awaitExit().status()).isEqualTo(4);
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
        }
    }

    @Test
    void everyPhaseHasItsTurnAlthoughAllIsStuckAndTheDeadlineHalts() throws Exception {
        try (JavaProcess child = ChildApp.jvm("all-stuck").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
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
        try (JavaProcess child = ChildApp.jvm("second-run").start()) {
            child.awaitLine("App 'other' cannot run: this JVM belongs to app 'child'");
            child.awaitLine("is running");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
        }
    }

    @Test
    void signalsThatCannotBeHadAreSaidOnce() throws Exception {
        try (JavaProcess child = ChildApp.jvm("plain", "-Xrs").startAndAwaitLine("is running")) {
            assertThat(child.lines())
                    .filteredOn(line -> line.contains("Signals that cannot be handled"))
                    .singleElement()
                    .asString()
                    .contains("WARN ", "INT, TERM (is the JVM run with -Xrs?)");
        }
    }

    @Test
    void anEmbeddedAppLeavesSignalsToItsProcess() throws Exception {
        try (JavaProcess child = ChildApp.jvm("embedded").startAndAwaitLine("started")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(143); // the JVM's own
            assertThat(child.lines()).doesNotContain("flushed", "closed");
        }
    }

    @Test
    void signalsThatAreInheritedAsIgnoredAreSaidOnceAndTheRestWorks() throws Exception {
        String[] ignoring = {"sh", "-c", "trap '' HUP; exec \"$@\"", "sh"};
        try (JavaProcess child = ChildApp.jvm("plain").behind(ignoring).startAndAwaitLine("is running")) {
            assertThat(child.count("Signals that stay ignored, as they were inherited (nohup, background shell): HUP"))
                    .isEqualTo(1);
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
        }
    }
}
