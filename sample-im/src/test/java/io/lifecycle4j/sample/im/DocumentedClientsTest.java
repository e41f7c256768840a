package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The clients in {@code docs/clients} lose nothing and say nothing twice. One whose interpreter is missing is skipped. */
@Timeout(120)
final class DocumentedClientsTest {
    private static final Path FOLDER = Path.of("..", "docs", "clients");
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int LINES = 60;

    /** A program, what runs it, and what tells whether that is there. */
    private record Client(String file, List<String> interpreter, List<String> check) {
        private boolean isRunnable() throws Exception {
            try {
                return run(check).redirectErrorStream(true).start().waitFor() == 0;
            } catch (IOException e) {
                return false;
            }
        }

        private ProcessBuilder start(URI server, String user, String room) {
            return run(List.of(FOLDER.resolve(file).toString(), server.toString(), user, room));
        }

        private ProcessBuilder run(List<String> arguments) {
            return new ProcessBuilder(
                    Stream.concat(interpreter.stream(), arguments.stream()).toList());
        }
    }

    static Stream<Client> clients() {
        return Stream.of(
                // Debian's package python3-websockets has what it needs.
                new Client("chat.py", List.of("/usr/bin/python3"), List.of("-c", "import websockets")),
                // The option is for Node before 22, and does no harm after it.
                new Client(
                        "chat.mjs",
                        List.of("node", "--experimental-websocket"),
                        List.of("-e", "new WebSocket('ws://localhost:1')")));
    }

    @TempDir
    private Path folder;

    @ParameterizedTest
    @MethodSource("clients")
    void itIsAtMostAHundredLines(Client client) throws Exception {
        assertThat(Files.readAllLines(FOLDER.resolve(client.file))).hasSizeLessThanOrEqualTo(100);
    }

    @ParameterizedTest
    @MethodSource("clients")
    void whatItIsGivenIsStoredOnceAndShownOnceAlthoughTheServerRestarts(Client client) throws Exception {
        assumeThat(client.isRunnable()).as("%s can be run", client.file).isTrue();
        String port = freePort();
        Path shown = folder.resolve("shown");
        Path errors = folder.resolve("errors");
        Process process = null;
        ImFixture server = ImFixture.start(folder, "--port", port);
        try {
            process = client.start(server.address(), "ann", "lobby")
                    .redirectOutput(shown.toFile())
                    .redirectError(errors.toFile())
                    .start();
            try (Writer input = process.outputWriter()) {
                say(input, 0, LINES / 3);
                await(shown, 5);
                say(input, LINES / 3, 2 * LINES / 3); // on its way when the server stops, and afterwards
                assertThat(server.shutdown().isClean()).isTrue();
                say(input, 2 * LINES / 3, LINES);
                server = ImFixture.start(folder, "--port", port);
                await(shown, LINES);
            }
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
            List<String> texts =
                    IntStream.range(0, LINES).mapToObj(i -> "line " + i).toList();
            assertThat(ChatClient.history(server.address(), "bob", "lobby")).containsExactlyInAnyOrderElementsOf(texts);
            List<String> lines = Files.readAllLines(shown);
            assertThat(lines).extracting(line -> line.split(" ", 3)[2]).containsExactlyInAnyOrderElementsOf(texts);
            assertThat(lines)
                    .extracting(line -> line.split(" ", 3)[0])
                    .containsExactlyElementsOf(IntStream.rangeClosed(1, LINES)
                            .mapToObj(String::valueOf)
                            .toList());
        } finally {
            if (process != null) {
                process.destroyForcibly();
            }
            server.close();
        }
    }

    private static void say(Writer input, int from, int to) throws IOException {
        for (int i = from; i < to; i++) {
            input.write("line " + i + "\n");
        }
        input.flush();
    }

    private static void await(Path shown, int lines) {
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> Files.readAllLines(shown).size() >= lines);
    }

    private static String freePort() throws IOException {
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return String.valueOf(any.getLocalPort());
        }
    }
}
