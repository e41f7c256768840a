package io.lifecycle4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A listening TCP socket of the loopback interface that outlives the processes that serve it, as one of systemd does: to prove in a test
 * that a restart refuses nobody.
 *
 * <pre>{@code
 * try (HeldSocket socket = HeldSocket.listen()) {
 *     JavaProcess.Builder shop = JavaProcess.of(ShopMain.class).behind(socket.command());
 *     try (JavaProcess old = shop.startAndAwaitLine("is running")) {
 *         old.signal("TERM");
 *         old.awaitExit();
 *     }
 *     try (Socket newcomer = new Socket("127.0.0.1", socket.port()); // waits in the socket's queue
 *             JavaProcess next = shop.startAndAwaitLine("is running")) {
 *         ...
 *     }
 * }
 * }</pre>
 *
 * <p>Java can neither hold a socket for another process nor hand it over, so a process of {@code python3} (3.9 or newer) does both; a
 * system without it, such as Windows, has no held sockets. Thread-safe.
 *
 * @since 0.1
 */
public final class HeldSocket implements AutoCloseable {
    private static final String PYTHON = "python3";
    private static final String HOLD = """
            import socket, sys, threading
            held = socket.socket()
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                held.bind(("127.0.0.1", int(sys.argv[2])))
            except OSError as error:
                sys.exit(print(error, flush=True))
            held.listen(int(sys.argv[3]))
            desk = socket.socket(socket.AF_UNIX)
            desk.bind(sys.argv[1])
            desk.listen()
            print(held.getsockname()[1], flush=True)
            def serve():
                while True:
                    taker, _ = desk.accept()
                    socket.send_fds(taker, [b"."], [held.fileno()])
                    taker.close()
            threading.Thread(target=serve, daemon=True).start()
            sys.stdin.read()
            """;
    private static final String TAKE = """
            import os, socket, sys
            desk = socket.socket(socket.AF_UNIX)
            desk.connect(sys.argv[1])
            os.dup2(socket.recv_fds(desk, 1, 1)[1][0], 0)
            os.execvp(sys.argv[2], sys.argv[2:])
            """;
    private static final int BACKLOG = 1_024;

    private final Process holder;
    private final Path folder;
    private final int port;

    private HeldSocket(Process holder, Path folder, int port) {
        this.holder = holder;
        this.folder = folder;
        this.port = port;
    }

    /** Listens at a free port. */
    public static HeldSocket listen() {
        return listen(0);
    }

    /**
     * Listens at a port; 0 means a free one.
     *
     * @throws UncheckedIOException if the port is taken, or there is no {@code python3}
     */
    public static HeldSocket listen(int port) {
        try {
            Path folder = Files.createTempDirectory("held-socket");
            try {
                Process holder = new ProcessBuilder(
                                PYTHON,
                                "-c",
                                HOLD,
                                desk(folder).toString(),
                                String.valueOf(port),
                                String.valueOf(BACKLOG))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
                String answer = holder.inputReader(StandardCharsets.UTF_8).readLine();
                if (answer == null || !answer.matches("\\d+")) {
                    holder.destroyForcibly();
                    throw new BindException("cannot listen at port " + port + ": " + answer);
                }
                return new HeldSocket(holder, folder, Integer.parseInt(answer));
            } catch (IOException e) {
                delete(folder);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether this machine has what it needs; tests that can do without are skipped if not. */
    public static boolean isAvailable() {
        try {
            return new ProcessBuilder(PYTHON, "-c", "import socket; socket.recv_fds")
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Returns the port at which it listens. */
    public int port() {
        return port;
    }

    /** Returns what to put before a command, which then has the socket as descriptor 0: for {@link JavaProcess.Builder#behind}. */
    public String[] command() {
        return new String[] {PYTHON, "-c", TAKE, desk(folder).toString()};
    }

    private static Path desk(Path folder) {
        return folder.resolve("desk");
    }

    /** Gives the socket up; processes that have it keep it. Idempotent. */
    @Override
    public void close() {
        holder.destroyForcibly();
        holder.onExit().join();
        try {
            delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) throws IOException {
        Files.deleteIfExists(desk(folder));
        Files.deleteIfExists(folder);
    }
}
