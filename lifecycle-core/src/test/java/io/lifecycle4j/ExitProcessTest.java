package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real processes: exits, forced and clean, and what stands in their way. */
@Timeout(90)
@DisabledOnOs(OS.WINDOWS) // has no kill
class ExitProcessTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            announce-delay    | ANNOUNCE: not ready; requests are served  | ANNOUNCE; still running: nothing
            request-in-flight | DRAIN: rejecting new requests; in flight: | 1 in flight at 'business'
            hanging-server    | hanging                                   | STOP; still running: STOP business
            """)
    void aSecondSignalForcesTheExitWhateverTheShutdownWaitsFor(String scenario, String waiting, String running)
            throws Exception {
        try (JavaProcess child = ChildApp.jvm(scenario).startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine(waiting);
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.lines())
                    .filteredOn(line -> line.contains("is forced to exit with status 1: second signal (SIGTERM)"))
                    .singleElement()
                    .asString()
                    .contains(running);
        }
    }

    @ParameterizedTest
    @CsvSource({"HUP, INT", "INT, HUP", "HUP, HUP"})
    void hangupNeitherForcesNorCounts(String first, String second) throws Exception {
        try (JavaProcess child = ChildApp.jvm("interruptible-callback").startAndAwaitLine("is running")) {
            child.signal(first);
            child.awaitLine("hanging");
            child.signal(second);
            assertThat(child.awaitExit().status()).isEqualTo(1); // for the callback that was cut
            assertThat(child.count("Shutdown of 'child' (SIG" + first + "): TIMED_OUT"))
                    .isEqualTo(1);
            assertThat(child.says("forced to exit")).isFalse();
        }
    }

    @Test
    void aSecondSignalForcesTheExitWhileStdoutAndStderrAreAFullPipeThatNobodyReads() throws Exception {
        String[] mixed = {"sh", "-c", "exec 3>&2 2>&1; exec \"$@\"", "sh"};
        try (JavaProcess child = ChildApp.jvm("full-stdout-and-stderr")
                .behind(mixed)
                .leavingStdoutUnread()
                .start()) {
            child.awaitLine("ready");
            child.signal("INT");
            child.awaitLine("filling");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
        }
    }

    @Test
    void aSecondSignalDoesNotKeepTheDeadlineFromHaltingWhileTheHeapIsFull() throws Exception {
        try (JavaProcess child = ChildApp.jvm("full-heap-with-words", "-Xmx24m", "-XX:+UseSerialGC")
                .startAndAwaitLine("is running")) {
            child.signal("TERM");
            child.awaitLine("the heap is full");
            child.signal("INT");
            assertThat(child.awaitExit().status()).isEqualTo(1);
        }
    }

    /** Microseconds between the second signal and the end of the sequence. */
    @ParameterizedTest
    @ValueSource(ints = {0, 100, 200, 500, 1_000, 2_000, 5_000})
    void aSecondSignalAtTheEndSaysOfTheStatusWhatIsTrue(int micros) throws Exception {
        try (JavaProcess child =
                ChildApp.jvm("signal-at-the-end", "-Dmicros=" + micros).startAndAwaitLine("is running")) {
            child.signal("TERM");
            int status = child.awaitExit().status();
            if (child.says("is forced to exit with status 1: second signal (SIGINT)")) {
                assertThat(status).isEqualTo(1);
            } else {
                assertThat(child.says("forced")).isFalse();
                assertThat(status).isIn(0, 1);
            }
            assertThat(child.count("second signal (SIGINT)")).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void anExitElsewhereDoesNotOvertakeAForcedExitThatIsBeingSaid() throws Exception {
        // Its stderr is a pipe that nobody reads.
        try (JavaProcess child = ChildApp.jvm("exit-elsewhere-then-two-signals")
                .behind("sh", "-c", "exec 2>&1 1>/dev/null; exec \"$@\"", "sh")
                .leavingStdoutUnread()
                .start()) {
            assertThat(child.awaitExit().status()).isEqualTo(1);
        }
    }

    @Test
    void aSecondSignalWhileTheHooksOfOthersRunSaysThatTheyAreNotWaitedFor() throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-hook-with-words").startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("hanging");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("App 'child' has shut down; second signal (SIGTERM): the JVM's remaining hooks are"
                            + " not waited for"))
                    .isEqualTo(1);
            assertThat(child.says("forced")).isFalse();
        }
    }

    @Test
    void exitInTheFunctionForTheStatusDoesNotDeadlock() throws Exception {
        try (JavaProcess child = ChildApp.jvm("exit-in-status").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(3);
            assertThat(child.says("forced")).isFalse();
        }
    }

    @Test
    void otherHooksHaveTheirTurnAfterACleanSequence() throws Exception {
        try (JavaProcess child = ChildApp.jvm("other-hook").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(String.join(" ", child.lines()))
                    .containsSubsequence("closed", "Shutdown of 'child' (SIGTERM): CLEAN", "the other hook ran");
        }
    }
}
