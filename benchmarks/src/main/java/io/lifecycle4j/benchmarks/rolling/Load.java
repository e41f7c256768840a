package io.lifecycle4j.benchmarks.rolling;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The load, until its standard input ends: connections that are kept alive, on each one request after another. Every status and
 * every I/O error is counted, and nothing is tried again: plain sockets, since the JDK's client quietly repeats a GET whose
 * connection was closed. It prints a line {@code what count} each.
 */
final class Load {
    private static final int READ_TIMEOUT_MILLIS = 20_000;
    private static final int FAILURES_TOLD = 5;

    private final ConcurrentSkipListMap<String, AtomicLong> counts = new ConcurrentSkipListMap<>();
    private final AtomicLong slowestNanos = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final int port;
    private volatile boolean ended;

    private Load(int port) {
        this.port = port;
    }

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1); // a client less would be a failure less
        });
        new Load(Integer.parseInt(arguments[0])).run(Integer.parseInt(arguments[1]));
    }

    private void run(int connections) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int index = 0; index < connections; index++) {
            Random random = new Random(index);
            threads.add(new Thread(() -> client(random), "client-" + index));
        }
        threads.forEach(Thread::start);
        while (System.in.read() >= 0) {
            // whoever measures closes it, or is gone
        }
        ended = true;
        for (Thread thread : threads) {
            thread.join();
        }
        counts.forEach((what, count) -> System.out.println(what + " " + count));
        System.out.println("slowest-ms " + slowestNanos.get() / 1_000_000);
    }

    private void client(Random random) {
        Connection connection = null;
        while (!ended) {
            String request = next(random);
            long start = System.nanoTime();
            try {
                if (connection == null) {
                    connection = new Connection(port);
                    count("connections");
                }
                int status = connection.exchange(request);
                record(request, String.valueOf(status), status != 200);
                if (connection.isToBeClosed()) {
                    connection.close();
                    connection = null;
                }
            } catch (IOException e) {
                String state = connection == null ? "new" : connection.isFresh() ? "fresh" : "reused";
                record(request, e.getClass().getSimpleName() + "-on-a-" + state + "-connection", true);
                if (connection != null) {
                    connection.close();
                    connection = null;
                }
            }
            slowestNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
            pause(random);
        }
        if (connection != null) {
            connection.close();
        }
    }

    private static String next(Random random) {
        int die = random.nextInt(10);
        if (die == 0) {
            return "GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n";
        }
        if (die <= 3) {
            return "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\none order";
        }
        return "GET /fast HTTP/1.1\r\nHost: shop\r\n\r\n";
    }

    private void record(String request, String what, boolean failed) {
        String method = request.substring(0, request.indexOf(' '));
        count(method + ":" + what);
        if (failed && failures.incrementAndGet() <= FAILURES_TOLD) {
            System.err.println(LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.MILLIS) + " "
                    + request.substring(0, request.indexOf(" HTTP")) + ": " + what);
        }
    }

    private void count(String what) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    private static void pause(Random random) {
        try {
            Thread.sleep(random.nextInt(20));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Connection {
        private final Socket socket;
        private final InputStream input;
        private boolean fresh = true;
        private boolean toBeClosed;

        Connection(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(READ_TIMEOUT_MILLIS);
            input = new BufferedInputStream(socket.getInputStream());
        }

        /** Sends the request and reads the whole response; returns its status. */
        int exchange(String request) throws IOException {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String[] head = readHead().split("\r\n", -1);
            String length = null;
            for (String line : head) {
                String field = line.toLowerCase(Locale.ROOT);
                if (field.startsWith("content-length:")) {
                    length = field.substring(field.indexOf(':') + 1).strip();
                } else if (field.startsWith("connection:") && field.contains("close")) {
                    toBeClosed = true;
                }
            }
            readBody(length);
            fresh = false;
            return Integer.parseInt(head[0].split(" ", -1)[1]);
        }

        private String readHead() throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            int last = 0; // the last four bytes
            while (last != 0x0D0A0D0A) {
                int next = input.read();
                if (next < 0) {
                    throw new EOFException();
                }
                bytes.write(next);
                last = last << 8 | next;
            }
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }

        private void readBody(@Nullable String length) throws IOException {
            if (length == null && !toBeClosed) {
                throw new IOException("neither a length nor a close");
            }
            int expected = length == null ? Integer.MAX_VALUE : Integer.parseInt(length);
            if (input.readNBytes(expected).length < expected && length != null) {
                throw new EOFException();
            }
        }

        boolean isFresh() {
            return fresh;
        }

        boolean isToBeClosed() {
            return toBeClosed;
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                // nobody waits for it
            }
        }
    }
}
