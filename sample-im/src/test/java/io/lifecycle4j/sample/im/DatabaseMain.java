package io.lifecycle4j.sample.im;

import io.lifecycle4j.sample.im.mongo.Durability;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;

/**
 * The embedded database as a process of its own, to be frozen and killed. Makes every write durable before its answer
 * leaves, as a real deployment does under write concern majority with journal: each answer waits for a sync. Several nodes
 * can use it: it has change streams.
 */
final class DatabaseMain {
    static final String READY = "database ready";

    private DatabaseMain() {}

    /** Expects a folder and a port. */
    public static void main(String[] arguments) throws Exception {
        EmbeddedMongo embedded = EmbeddedMongo.open(Path.of(arguments[0])).withChangeStreams();
        try (ServerSocket listener =
                new ServerSocket(Integer.parseInt(arguments[1]), 200, InetAddress.getLoopbackAddress())) {
            System.out.println(READY);
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), embedded.port());
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                start(() -> pump(client, server, () -> {}));
                start(() -> pump(server, client, embedded::sync)); // the write came before its answer
            }
        }
    }

    private static void pump(Socket from, Socket to, Durability before) throws IOException {
        byte[] buffer = new byte[65_536];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                before.sync();
                out.write(buffer, 0, count);
            }
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // a side is closed: so ends its thread
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
