package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a terminal shows of an end, behind asynchronous appenders, stuck ones and broken ones. */
@Timeout(90)
@DisabledOnOs(OS.WINDOWS) // has no kill
class LoggingProcessTest {
    // Their jars are no dependencies: two SLF4J providers on one class path are one too many.
    private static final File LOG4J = new File("target/log4j");

    private enum Asynchronous {
        LOGBACK_APPENDER,
        LOG4J_APPENDER,
        LOG4J_LOGGERS;

        JavaProcess.Builder child(String scenario) {
            return switch (this) {
                case LOGBACK_APPENDER -> logback("async", scenario);
                case LOG4J_APPENDER -> log4j(scenario, "async");
                case LOG4J_LOGGERS ->
                    log4j(
                            scenario,
                            "loggers",
                            "-Dlog4j2.contextSelector=org.apache.logging.log4j.core.async.AsyncLoggerContextSelector");
            };
        }
    }

    private static JavaProcess.Builder logback(String configuration, String scenario) {
        return ChildApp.jvm(scenario, "-Dlogback.configurationFile=child/logback-" + configuration + ".xml");
    }

    private static JavaProcess.Builder log4j(String scenario, String configuration, String... options) {
        File[] jars = LOG4J.listFiles((folder, name) -> name.endsWith(".jar"));
        assertThat(jars).as("copied by the build").hasSizeGreaterThanOrEqualTo(4);
        String classPath = Stream.concat(
                        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                                .filter(entry -> !entry.contains("logback")),
                        Stream.of(jars).map(File::getPath))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> all = new ArrayList<>(List.of(options));
        all.add("-Dlog4j2.configurationFile=child/log4j2-" + configuration + ".xml");
        return ChildApp.jvmOn(classPath, scenario, all.toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource
    void aForcedExitSaysOnceWhyAndWhatWasRunning(Asynchronous logging) throws Exception {
        try (JavaProcess child = logging.child("hanging-callback").startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("hanging"); // the line of the phase comes before its steps run
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM); CALLBACKS;"
                            + " still running: CALLBACKS hang"))
                    .isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void afterACleanStopTheLastLinesAreThere(Asynchronous logging) throws Exception {
        // Logback's appender is slow, and its queue is written by the hook alone; Log4j has a hook by default.
        JavaProcess.Builder jvm =
                logging == Asynchronous.LOGBACK_APPENDER ? logback("async-slow", "plain") : logging.child("plain");
        try (JavaProcess child = jvm.startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.count("Shutdown of 'child' (SIGTERM): CLEAN")).isEqualTo(1);
            assertThat(child.lines()).anyMatch(line -> line.matches(" +RELEASE +database +CLEAN .*"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDeadlineThatPassesWhileAHookHangsIsSaidOnce(Asynchronous logging) throws Exception {
        try (JavaProcess child = logging.child("hanging-hook-short").startAndAwaitLine("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("has shut down; shutdownTimeout of 1 s has passed: the JVM's remaining hooks"))
                    .isEqualTo(1);
        }
    }

    /** Log4j's asynchronous loggers drop lines behind a full ring that others wait for, and do not say so. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LOG4J_LOGGERS")
    void aForcedExitIsSaidPastAnAsynchronousLoggerThatIsFull(Asynchronous logging) throws Exception {
        try (JavaProcess child = logging.child("full-log").startAndAwaitLine("is running")) {
            child.signal("INT");
            child.awaitLine("the log is full");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM); CALLBACKS;"
                            + " still running: CALLBACKS hang"))
                    .isEqualTo(1);
        }
    }

    /** A logger that stops in a hook of its own still takes lines, and shows none. */
    @ParameterizedTest
    @ValueSource(strings = {"hanging-hook-with-words", "exit-with-a-hanging-callback"})
    void aForcedExitIsSaidPastALoggerThatAHookHasStopped(String scenario) throws Exception {
        try (JavaProcess child = logback("shutdown-hook", scenario).start()) {
            if (scenario.equals("hanging-hook-with-words")) {
                child.awaitLine("is running");
                child.signal("HUP"); // which does not count
            }
            child.awaitLine("hanging");
            child.awaitLine("the logger has stopped");
            child.signal("INT");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count(
                            scenario.equals("hanging-hook-with-words")
                                    ? "has shut down; second signal"
                                    : "is forced to exit with status 1: second signal"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aForcedExitIsSaidWithoutAnyLogger() throws Exception {
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.contains("logback"))
                .collect(Collectors.joining(File.pathSeparator));
        try (JavaProcess child =
                ChildApp.jvmOn(classPath, "hanging-callback-with-words").start()) {
            forceTheExit(child);
        }
    }

    @Test
    void aProviderThatFailsChangesNothing() throws Exception {
        try (JavaProcess child = ChildApp.jvm("plain-with-words", "-Dslf4j.provider=" + BrokenProvider.class.getName())
                .start()) {
            child.awaitLine("started");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines())
                    .containsSubsequence("flushed", "closed")
                    .noneMatch(line -> line.contains("Exception in thread"));
        }
    }

    @Test
    void aForcedExitIsSaidAlthoughTheProviderFails() throws Exception {
        try (JavaProcess child = ChildApp.jvm(
                        "hanging-callback-with-words", "-Dslf4j.provider=" + BrokenProvider.class.getName())
                .start()) {
            forceTheExit(child);
        }
    }

    private static void forceTheExit(JavaProcess child) throws Exception {
        child.awaitLine("ready");
        child.signal("INT");
        child.awaitLine("hanging");
        child.signal("TERM");
        assertThat(child.awaitExit().status()).isEqualTo(1);
        assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM); CALLBACKS;"
                        + " still running: CALLBACKS hang"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stuck", "async-stuck"})
    void aForcedExitIsSaidPastALoggerThatIsStuck(String configuration) throws Exception {
        try (JavaProcess child =
                logback(configuration, "hanging-callback-with-words").start()) {
            child.awaitLine("is running");
            child.signal("INT");
            child.awaitLine("hanging"); // by the callback itself: the log has stopped
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isEqualTo(1);
            assertThat(child.count("is forced to exit with status 1: second signal (SIGTERM)"))
                    .isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"throwing", "throwing-error"})
    void aLogThatThrowsChangesNothing(String configuration) throws Exception {
        try (JavaProcess child = logback(configuration, "plain-with-words").start()) {
            child.awaitLine("started");
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines())
                    .containsSubsequence("flushed", "closed")
                    .doesNotContain("run has thrown")
                    .noneMatch(line -> line.contains("Exception in thread"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"throwing", "throwing-error"})
    void aLogThatThrowsDoesNotKeepASecondSignalFromForcingTheExit(String configuration) throws Exception {
        try (JavaProcess child =
                logback(configuration, "hanging-callback-with-words").start()) {
            forceTheExit(child); // which is said by the other way
        }
    }
}
