package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** {@link DatabaseMain} in a process that can be frozen, killed and started again on the same folder and port. */
final class DatabaseProcess implements AutoCloseable {
    private final Path folder;
    private final int port;
    private @Nullable Process process;

    DatabaseProcess(Path folder, int port) {
        this.folder = folder;
        this.port = port;
    }

    String uri(String options) {
        return "mongodb://127.0.0.1:" + port + "/im?" + options;
    }

    /** Returns when it listens. */
    DatabaseProcess start() throws IOException {
        Process started = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1", // it lives for seconds
                        "-cp",
                        System.getProperty("java.class.path"),
                        DatabaseMain.class.getName(),
                        folder.toString(),
                        String.valueOf(port))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        process = started;
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8));
        String line = lines.readLine();
        while (line != null && !line.equals(DatabaseMain.READY)) { // a compaction is said before
            line = lines.readLine();
        }
        assertThat(line).as("the database's word that it is ready").isEqualTo(DatabaseMain.READY);
        return this;
    }

    void freeze() throws Exception {
        signal("STOP");
    }

    void thaw() throws Exception {
        signal("CONT");
    }

    void kill() throws Exception {
        Process running = running();
        signal("KILL");
        assertThat(running.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    private void signal(String name) throws Exception {
        Process kill =
                new ProcessBuilder("kill", "-" + name, String.valueOf(running().pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException("the database was not started");
        }
        return process;
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }
}
