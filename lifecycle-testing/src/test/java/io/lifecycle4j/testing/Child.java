package io.lifecycle4j.testing;

import com.sun.net.httpserver.HttpServer;
import io.lifecycle4j.App;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CountDownLatch;

/** What {@link JavaProcessTest} runs in a JVM of its own. */
final class Child {
    private Child() {}

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "says" -> {
                for (int i = 1; i < args.length; i++) {
                    System.out.println(args[i]);
                }
                System.err.println(System.getenv("CHILD") + " in " + System.getProperty("user.dir") + " with "
                        + System.getProperty("child"));
                System.exit(3);
            }
            case "app" -> App.run("child", app -> app.onShutdown("bye", context -> System.out.println("bye")));
            case "floods" -> {
                System.err.println("flooding");
                for (int i = 0; i < 1_000_000; i++) {
                    System.out.println("line " + i);
                }
                System.err.println("flooded");
            }
            case "accepts" -> {
                try (SocketChannel client = ((ServerSocketChannel) System.inheritedChannel()).accept()) {
                    client.write(ByteBuffer.wrap(new byte[] {'!'}));
                }
            }
            case "serves" -> serve();
            case "hangs" -> hang();
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static void serve() throws IOException, InterruptedException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        int[] asked = new int[1];
        server.createContext("/readyz", exchange -> {
            exchange.sendResponseHeaders(++asked[0] < 3 ? 503 : 200, -1);
            exchange.close();
            System.out.println("asked " + asked[0]);
        });
        server.start();
        System.out.println("port " + server.getAddress().getPort());
        hang();
    }

    private static void hang() throws InterruptedException {
        System.out.println("hanging");
        new CountDownLatch(1).await();
    }
}
