package io.lifecycle4j.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.JavaProcess;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What the rehearsal of a shutdown does for a Jetty server. */
@Timeout(60)
@DisabledOnOs(OS.WINDOWS) // has no kill
class UnderstudyTest {

    @Test
    void aStopAfterARehearsalFindsTheCodeOfTheAdapterAndOfJettyLoaded() throws Exception {
        try (JavaProcess process = JavaProcess.of(RehearsedMain.class)
                .options("-Xlog:class+load:stdout:none")
                .startAndAwaitLine("rehearsal is over")) {
            process.signal("TERM");
            assertThat(process.awaitExit().status()).isZero();
            List<String> lines = process.lines();
            List<String> since = lines.subList(lines.indexOf("rehearsal is over"), lines.size());
            assertThat(since)
                    .anyMatch(line -> line.contains("Shutdown of 'shop' (SIGTERM): CLEAN"))
                    .noneMatch(line -> line.startsWith("io.lifecycle4j.") || line.startsWith("org.eclipse.jetty."));
        }
    }

    @Test
    void aRehearsalWritesNoLine() throws Exception {
        try (JavaProcess process = JavaProcess.of(RehearsedMain.class).startAndAwaitLine("rehearsal is over")) {
            List<String> lines = process.lines();
            assertThat(lines.get(lines.size() - 2)).contains("App 'shop' is running");
            process.signal("TERM");
            assertThat(process.awaitExit().status()).isZero();
        }
    }
}
