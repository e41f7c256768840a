package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
