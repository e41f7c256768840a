package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the jcstress tests, in JVMs of their own: briefly, or as the property {@code stress} says in jcstress's own options, such as
 * {@code -Dstress="-m tough"}.
 */
class StressTest {
    private static final String BRIEFLY = "-f 1 -fsm 1 -iters 2 -time 200 -sc false -jvmArgs -Xmx256m";

    @Test
    void theGateAndTheStateKeepTheirPromisesInEveryRace(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("jcstress.txt");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.openjdk.jcstress.Main"));
        command.addAll(List.of(System.getProperty("stress", BRIEFLY).split(" ", -1)));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(12, TimeUnit.HOURS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(() -> read(output)).isZero();
        assertThat(read(output))
                .contains("Failed tests: No matches", "Error tests: No matches", "All remaining tests: 8 matching");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
