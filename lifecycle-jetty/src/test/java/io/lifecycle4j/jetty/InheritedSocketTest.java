package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
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

    private final List<String> lines = new CopyOnWriteArrayList<>();

    @SuppressWarnings("NullAway.Init")
    private Process holder;

    @SuppressWarnings("NullAway.Init")
    private PrintWriter orders;

    private int port;

    private void choosePort() throws Exception {
        Assumptions.assumeTrue(hasPython(), "no python3: nobody holds the socket");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return new ProcessBuilder("python3", "--version")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private void hold(String kind, int asksForPort, int servers, int acceptors) throws Exception {
        choosePort();
        holder = new ProcessBuilder(
                        "python3",
                        "-u",
                        Path.of("src", "test", "resources", "socket_holder.py").toString(),
                        String.valueOf(port),
                        kind,
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        InheritingMain.class.getName(),
                        String.valueOf(asksForPort),
                        String.valueOf(servers),
                        String.valueOf(acceptors))
                .redirectErrorStream(true)
                .start();
        orders = new PrintWriter(holder.outputWriter(UTF_8), true);
        BufferedReader output = holder.inputReader(UTF_8);
        Thread reader = new Thread(() -> output.lines().forEach(lines::add), "output");
        reader.setDaemon(true);
        reader.start();
    }

    private void order(String what, String line, long times) {
        orders.println(what);
        awaitLine(line, times);
    }

    private void awaitLine(String line, long times) {
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> lines.stream().filter(each -> each.contains(line)).count() >= times || !holder.isAlive());
        assertThat(lines.stream().filter(each -> each.contains(line)).count())
                .as(() -> String.join("\n", lines))
                .isGreaterThanOrEqualTo(times);
    }

    @AfterEach
    void end() {
        if (holder != null) {
            orders.close(); // the holder kills its child then
            if (!holder.onExit()
                    .orTimeout(10, TimeUnit.SECONDS)
                    .handle((over, late) -> late == null)
                    .join()) {
                holder.descendants().forEach(ProcessHandle::destroyForcibly);
                holder.destroyForcibly();
            }
        }
    }

    @Test
    void restartsUnderKeepAliveLoadRefuseNobodyAndFailNoRequest() throws Exception {
        hold("listening", 0, 1, 0);
        order("start", "is running", 1);
        assertThat(String.join("\n", lines)).contains("Server 'business0' listens on the inherited socket");
        Load load = new Load();
        load.start();
        for (int restart = 1; restart <= 3; restart++) {
            load.awaitMore(500);
            order("stop", "ended with status 0", restart);
            order("start", "is running", restart + 1);
        }
        load.awaitMore(500);
        load.stop();
        System.out.println("restarts on an inherited socket: " + load);
        assertThat(load.failures).isEmpty();
        order("stop", "ended with status 0", 4);
        assertThat(lines)
                .filteredOn(line -> line.contains("the console is still here"))
                .hasSize(4);
        assertThat(lines).filteredOn(line -> line.contains(": CLEAN after")).hasSize(4);
    }

    /** The kernel completes a connection before the process accepts it; only the process that comes next sees it. */
    @Test
    void aNewcomerDuringTheStopWaitsForTheNextProcess() throws Exception {
        hold("listening", 0, 1, 0);
        order("start", "is running", 1);
        order("stop", "ended with status 0", 1);
        try (Socket newcomer = new Socket(InetAddress.getLoopbackAddress(), port)) {
            newcomer.setSoTimeout(30_000);
            newcomer.getOutputStream().write(GET);
            order("start", "is running", 2);
            assertThat(responseOf(newcomer)).startsWith("HTTP/1.1 200");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "connected | 0 | 1 | 0 | server 'business0': the inherited descriptor 0 is no listening socket",
                "udp       | 0 | 1 | 0 | server 'business0': the inherited descriptor 0 is no listening socket",
                "bound     | 0 | 1 | 0 | server 'business0': the inherited socket does not listen at port",
                "listening | 9 | 1 | 0 | (expected: 9, the port of its connector)",
                "listening | 0 | 2 | 0 | server 'business1': the inherited socket is taken by server 'business0'",
                "listening | 0 | 1 | 1 | server 'business0': its connector has acceptor threads: 1",
            })
    void whatCannotServeIsOneLineAndStatusOne(String kind, int asksFor, int servers, int acceptors, String line)
            throws Exception {
        hold(kind, asksFor, servers, acceptors);
        order("start", line, 1);
        order("stop", "ended with status 1", 1);
        assertThat(lines).filteredOn(each -> each.contains("ERROR")).hasSize(1);
        assertThat(lines).noneMatch(each -> each.startsWith("\tat "));
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
