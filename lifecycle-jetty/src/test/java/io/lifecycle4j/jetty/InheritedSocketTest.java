package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.testing.HeldSocket;
import io.lifecycle4j.testing.JavaProcess;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A parent holds the listening socket, and starts a process with it again and again. */
@Timeout(60)
@EnabledOnOs(OS.LINUX)
class InheritedSocketTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path ACTIVATE = Path.of("/usr/bin/systemd-socket-activate");

    private int port;

    private static JavaProcess.Builder service(int port, int servers, int acceptors) {
        return JavaProcess.of(InheritingMain.class)
                .arguments(String.valueOf(port), String.valueOf(servers), String.valueOf(acceptors));
    }

    private HeldSocket hold() {
        Assumptions.assumeTrue(HeldSocket.isAvailable(), "no python3: nobody holds the socket");
        HeldSocket socket = HeldSocket.listen();
        port = socket.port();
        return socket;
    }

    private static void stop(JavaProcess process) {
        process.signal("TERM");
        assertThat(process.awaitExit().status()).isZero();
        assertThat(process.says("the console is still here")).isTrue();
        assertThat(process.says(": CLEAN after")).isTrue();
    }

    @Test
    void restartsUnderKeepAliveLoadRefuseNobodyAndFailNoRequest() throws Exception {
        try (HeldSocket socket = hold()) {
            JavaProcess.Builder service = service(0, 1, 0).behind(socket.command());
            JavaProcess process = service.startAndAwaitLine("is running");
            try {
                assertThat(process.says("Server 'business0' listens on the inherited socket"))
                        .isTrue();
                Load load = new Load();
                load.start();
                for (int restart = 1; restart <= 3; restart++) {
                    load.awaitMore(500);
                    stop(process);
                    process = service.startAndAwaitLine("is running");
                }
                load.awaitMore(500);
                load.stop();
                System.out.println("restarts on an inherited socket: " + load);
                assertThat(load.failures).isEmpty();
                stop(process);
            } finally {
                process.close();
            }
        }
    }

    /** The kernel completes a connection before the process accepts it; only the process that comes next sees it. */
    @Test
    void aNewcomerDuringTheStopWaitsForTheNextProcess() throws Exception {
        try (HeldSocket socket = hold()) {
            JavaProcess.Builder service = service(0, 1, 0).behind(socket.command());
            try (JavaProcess process = service.startAndAwaitLine("is running")) {
                stop(process);
            }
            try (Socket newcomer = newcomer();
                    JavaProcess next = service.startAndAwaitLine("is running")) {
                assertThat(responseOf(newcomer)).startsWith("HTTP/1.1 200");
                stop(next);
            }
        }
    }

    /** It starts the process when the first connection comes, which waits meanwhile. */
    @Test
    void systemdsOwnActivationHandsTheSocketOver() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(ACTIVATE), "no " + ACTIVATE);
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        // The socket is descriptor 1, too, so the output goes elsewhere.
        try (JavaProcess process = service(port, 1, 0)
                .behind(ACTIVATE.toString(), "--inetd", "-l", "127.0.0.1:" + port)
                .behind("sh", "-c", "exec \"$@\" >&2", "sh")
                .startAndAwaitLine("Listening on 127.0.0.1:" + port)) {
            try (Socket newcomer = newcomer()) {
                assertThat(responseOf(newcomer)).startsWith("HTTP/1.1 200");
            }
            assertThat(process.says("Server 'business0' listens on the inherited socket"))
                    .isTrue();
            stop(process);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 2, 0, server 'business1': the inherited socket is taken by server 'business0'",
        "0, 1, 1, server 'business0': its connector has acceptor threads: 1",
        "9, 1, 0, '(expected: 9, the port of its connector)'"
    })
    void aSocketThatIsNotForThisServerIsOneLineAndStatusOne(int asksFor, int servers, int acceptors, String line) {
        try (HeldSocket socket = hold();
                JavaProcess process = service(asksFor, servers, acceptors)
                        .behind(socket.command())
                        .start()) {
            assertRefused(process, line);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "connected, the inherited descriptor 0 is no listening socket",
        "udp, the inherited descriptor 0 is no listening socket",
        "bound, the inherited socket does not listen at port"
    })
    void aDescriptorThatCannotServeIsOneLineAndStatusOne(String kind, String line) {
        Assumptions.assumeTrue(HeldSocket.isAvailable(), "no python3: nobody makes the descriptor");
        String script = """
                import os, socket, sys
                made = socket.socket(type=socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM)
                made.bind(("127.0.0.1", 0))
                if sys.argv[1] == "connected":
                    made.listen()
                    listener, made = made, socket.create_connection(made.getsockname())
                    os.set_inheritable(listener.fileno(), True)
                os.dup2(made.fileno(), 0)
                os.execvp(sys.argv[2], sys.argv[2:])
                """;
        try (JavaProcess process =
                service(0, 1, 0).behind("python3", "-c", script, kind).start()) {
            assertRefused(process, "server 'business0': " + line);
        }
    }

    private static void assertRefused(JavaProcess process, String line) {
        process.awaitLine(line);
        assertThat(process.awaitExit().status()).isEqualTo(1);
        assertThat(process.count("ERROR")).isEqualTo(1);
        assertThat(process.lines()).noneMatch(each -> each.startsWith("\tat "));
    }

    private Socket newcomer() throws IOException {
        Socket newcomer = new Socket(InetAddress.getLoopbackAddress(), port);
        newcomer.setSoTimeout((int) PATIENCE.toMillis());
        newcomer.getOutputStream().write(GET);
        return newcomer;
    }

    private static final byte[] GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(US_ASCII);

    private static String responseOf(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder response = new StringBuilder();
        while (!response.toString().endsWith("\r\n\r\nok")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the connection ended after '" + response + "'");
            }
            response.append((char) next);
        }
        return response.toString();
    }

    /** Clients that keep their connections until they are told to go, and send one request after another. */
    private final class Load {
        final List<String> failures = new CopyOnWriteArrayList<>();
        private final AtomicInteger served = new AtomicInteger();
        private final AtomicLong longestNanos = new AtomicLong();
        private final List<Thread> clients = new ArrayList<>();
        private volatile boolean over;

        void start() {
            for (int client = 0; client < 20; client++) {
                Thread thread = new Thread(this::request, "client-" + client);
                clients.add(thread);
                thread.start();
            }
        }

        private void request() {
            Socket socket = null;
            while (!over) {
                long begun = System.nanoTime();
                try {
                    if (socket == null) {
                        socket = new Socket(InetAddress.getLoopbackAddress(), port);
                        socket.setSoTimeout(30_000);
                    }
                    socket.getOutputStream().write(GET);
                    String response = responseOf(socket);
                    if (!response.startsWith("HTTP/1.1 200")) {
                        failures.add(response);
                    }
                    if (response.contains("Connection: close")) {
                        socket.close();
                        socket = null;
                    }
                    served.incrementAndGet();
                } catch (IOException e) {
                    failures.add(e.toString());
                    socket = null;
                }
                longestNanos.accumulateAndGet(System.nanoTime() - begun, Math::max);
            }
        }

        void awaitMore(int requests) {
            int before = served.get();
            Awaitility.await().atMost(PATIENCE).until(() -> served.get() > before + requests);
        }

        void stop() throws InterruptedException {
            over = true;
            for (Thread client : clients) {
                client.join();
            }
        }

        @Override
        public String toString() {
            return served + " requests, " + failures.size() + " failed, longest wait " + longestNanos.get() / 1_000_000
                    + " ms";
        }
    }
}
