package io.lifecycle4j.example;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Stands between a client and a server, and reads the server's first bytes only until it is told to read on. */
final class SlowReader implements AutoCloseable {
    private static final int FIRST_BYTES = 50_000;
    private static final int RECEIVE_BUFFER = 65_536; // so that the rest stays at the server

    private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final Socket server = new Socket();
    private final CountDownLatch holding = new CountDownLatch(1);
    private final CountDownLatch readOn = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    SlowReader(int serverPort) throws IOException {
        server.setReceiveBufferSize(RECEIVE_BUFFER);
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort));
        threads.execute(this::run);
    }

    private void run() {
        try (Socket client = listener.accept()) {
            threads.execute(() -> copy(client, server, Integer.MAX_VALUE));
            copy(server, client, FIRST_BYTES);
            holding.countDown();
            readOn.await();
            copy(server, client, Integer.MAX_VALUE);
        } catch (IOException | InterruptedException e) {
            // the test ends
        }
    }

    private static void copy(Socket from, Socket to, int most) {
        byte[] buffer = new byte[10_000];
        try {
            InputStream input = from.getInputStream();
            OutputStream output = to.getOutputStream();
            int read;
            for (int copied = 0; copied < most && (read = input.read(buffer)) > 0; copied += read) {
                output.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // one of the two has ended the connection
        }
    }

    /** Where the client connects to. */
    int port() {
        return listener.getLocalPort();
    }

    /** The port from which it has connected to the server. */
    int portAtServer() {
        return server.getLocalPort();
    }

    /** Returns when it has stopped to read. */
    void awaitHolding() throws InterruptedException {
        holding.await();
    }

    void readOn() {
        readOn.countDown();
    }

    @Override
    public void close() throws IOException {
        threads.shutdownNow();
        server.close();
        listener.close();
    }
}
