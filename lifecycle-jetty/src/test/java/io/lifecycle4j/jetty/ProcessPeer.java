package io.lifecycle4j.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A WebSocket client that shares no code with the server: a program in {@code src/test/peers}. */
final class ProcessPeer implements Peer {
    private static final Path FOLDER = Path.of("src", "test", "peers");

    /** A program; whether it is installed is looked up once. */
    static final class Program {
        /** npm's ws; to install it: {@code npm ci} in {@code src/test/peers}. */
        static final Program NODE =
                new Program("npm's ws", List.of("node", "peer.js"), List.of("node", "-e", "import('ws')"));
        /** Python's websockets; to install it on Debian: {@code apt-get install python3-websockets}. */
        static final Program PYTHON = new Program(
                "Python's websockets",
                List.of("/usr/bin/python3", "peer.py"),
                List.of("/usr/bin/python3", "-c", "import websockets"));

        private final String name;
        private final List<String> command;
        private final List<String> check;
        private @Nullable Boolean installed;

        private Program(String name, List<String> command, List<String> check) {
            this.name = name;
            this.command = command;
            this.check = check;
        }

        @Override
        public String toString() {
            return name;
        }

        /** Returns whether the program and its library are there. */
        synchronized boolean isInstalled() throws InterruptedException {
            if (installed == null) {
                try {
                    installed = builder(check)
                                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                                    .start()
                                    .waitFor()
                            == 0;
                } catch (IOException e) {
                    installed = false;
                }
            }
            return installed;
        }
    }

    private final Process process;
    private final BufferedReader output;

    private ProcessPeer(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    private static ProcessBuilder builder(List<String> command) {
        return new ProcessBuilder(command).directory(FOLDER.toFile());
    }

    /** Returns a peer whose session is open. */
    static ProcessPeer open(Program program, URI uri, Mode mode) throws Exception {
        List<String> words = new ArrayList<>(program.command);
        words.addAll(List.of(uri.toString(), mode.name().toLowerCase(Locale.ROOT), "" + SLOW_BYTES_PER_SECOND));
        Path errors = Files.createTempFile("peer", ".txt");
        errors.toFile().deleteOnExit();
        ProcessPeer peer =
                new ProcessPeer(builder(words).redirectError(errors.toFile()).start());
        assertThat(peer.output.readLine()).as(Files.readString(errors)).isEqualTo("open");
        return peer;
    }

    @Override
    public Seen seen(Duration limit) throws Exception {
        assertThat(process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS))
                .as("ended")
                .isTrue();
        String[] words = output.readLine().split(" ", 5);
        return new Seen(Integer.parseInt(words[1]), words[4], Integer.parseInt(words[2]), Long.parseLong(words[3]));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
