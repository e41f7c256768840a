package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lifecycle4j.testing.JavaProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that may have only so many threads; the limit is one of the user, so each test has a user of its own. */
@Timeout(90)
@EnabledOnOs(OS.LINUX)
class ScarceThreadsProcessTest {
    // So that the JVM's own threads are as many in each run.
    private static final List<String> STEADY =
            List.of("-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UseDynamicNumberOfCompilerThreads");
    private static final int OUR_THREADS = 8; // made by App.run
    private static final int MORE = 3; // the JVM's for a signal and for the hook, and one to spare

    private final int user = 60_000 + (int) (ProcessHandle.current().pid() % 5_000);

    @TempDir
    Path folder;

    @Test
    void aProcessThatMayHaveTooFewThreadsEitherRunsAndObeysTermOrEndsByItself() throws Exception {
        String classPath = readableByAll();
        assumeTrue(canStartAs(user), "needs root, setpriv and prlimit");
        int threads = threadsOfAnApp(classPath);
        List<String> ends = new ArrayList<>();
        for (int limit = threads - OUR_THREADS; limit <= threads + MORE; limit++) {
            try (JavaProcess child = start(classPath, limit)) {
                ends.add(end(child));
            }
        }
        assertThat(ends).contains("could not start").endsWith("obeyed").isSorted();
    }

    @Test
    void aRehearsalDoesNotTakeTheLastThreads() throws Exception {
        String classPath = readableByAll();
        assumeTrue(canStartAs(user), "needs root, setpriv and prlimit");
        int threads = threadsOfAnApp(classPath);
        for (int limit = threads + 2; limit <= threads + 12; limit++) {
            try (JavaProcess child = start(classPath, limit)) {
                child.awaitLine("rehearsal is over");
                assertThat(child.count("pthread_create failed")).isLessThanOrEqualTo(1); // a look at what is left
                assertThat(end(child)).isEqualTo("obeyed");
            }
        }
    }

    private int threadsOfAnApp(String classPath) {
        try (JavaProcess child = start(classPath, 1_000)) {
            assertThat(end(child)).isEqualTo("obeyed"); // gone, and its threads with it: they are the user's as well
            return child.lines().stream()
                    .filter(line -> line.startsWith("threads: "))
                    .mapToInt(line -> Integer.parseInt(line.substring("threads: ".length())))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static String end(JavaProcess child) {
        child.await(
                "start, or failed start",
                () -> child.says("is running") || child.says("could not start") || child.says("OutOfMemoryError"));
        if (child.says("is running")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.says("Shutdown of 'child' (SIGTERM): CLEAN")).isTrue();
            return "obeyed";
        }
        assertThat(child.awaitExit().status()).isEqualTo(1);
        if (child.says("App 'child' could not start: ")) {
            assertThat(child.says("Exception in thread")).isFalse();
            return "could not start";
        }
        return "a JVM that could not begin";
    }

    private JavaProcess start(String classPath, int limit) {
        List<String> wrapper = new ArrayList<>(asUser());
        wrapper.addAll(List.of("prlimit", "--nproc=" + limit));
        return ChildApp.jvmOn(classPath, "beside-another-thread", STEADY.toArray(String[]::new))
                .behind(wrapper.toArray(String[]::new))
                .start();
    }

    private List<String> asUser() {
        return List.of("setpriv", "--reuid=" + user, "--clear-groups");
    }

    private boolean canStartAs(int unused) throws InterruptedException {
        List<String> command = new ArrayList<>(asUser());
        command.addAll(List.of(
                "prlimit",
                "--nproc=100",
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("-cp", folder.toString(), "-version"));
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** Copies what the children need: a build may stand where its user alone can read it. */
    private String readableByAll() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<String> copies = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path source = Path.of(entry);
            String name = copies.size() + "-" + source.getFileName();
            if (Files.isDirectory(source) || name.contains("slf4j") || name.contains("logback")) {
                copies.add(copy(source, folder.resolve(name)).toString());
            }
        }
        return String.join(File.pathSeparator, copies);
    }

    private static Path copy(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
        return target;
    }
}
