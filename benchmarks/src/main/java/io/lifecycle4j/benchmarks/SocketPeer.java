package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The floor of every stop: sockets on one thread, and no server. A JVM hook asks for the stop and waits for it; each connection is closed
 * after the one before. It answers as the peers do, as far as their clients can tell.
 */
final class SocketPeer {
    private static final ByteBuffer RESPONSE =
            ByteBuffer.wrap("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII));
    private static final String MILLIS = "millis=";
    private static final int BACKLOG = 1024;

    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final List<SocketChannel> connections = new ArrayList<>();
    private final ByteBuffer request = ByteBuffer.allocate(1024);
    private volatile boolean stopping;

    private SocketPeer() throws IOException {
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
    }

    public static void main(String[] arguments) throws Exception {
        SocketPeer peer = new SocketPeer();
        Thread server = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                peer.stopping = true;
                peer.selector.wakeup();
                try {
                    server.join();
                } catch (InterruptedException e) {
                    interrupt();
                }
            }
        });
        System.out.println("listening " + peer.listener.socket().getLocalPort());
        peer.serveUntilStopped();
    }

    private void serveUntilStopped() throws Exception {
        while (!stopping) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isAcceptable()) {
                    accept();
                } else {
                    answer((SocketChannel) key.channel());
                }
            }
            selector.selectedKeys().clear();
        }
        listener.close();
        selector.close(); // first: to close a channel that is registered takes more system calls
        for (SocketChannel connection : connections) {
            connection.close();
        }
        System.out.println("stopped " + Instant.now());
    }

    private void accept() throws IOException {
        SocketChannel channel = listener.accept();
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
        connections.add(channel);
    }

    private void answer(SocketChannel channel) throws Exception {
        if (channel.read(request.clear()) < 0) {
            channel.close();
            return;
        }
        String line = StandardCharsets.US_ASCII.decode(request.flip()).toString();
        if (line.contains(MILLIS)) {
            System.out.println("slow");
            int begin = line.indexOf(MILLIS) + MILLIS.length();
            Thread.sleep(Long.parseLong(line.substring(begin, line.indexOf(' ', begin))));
        }
        channel.write(RESPONSE.duplicate());
    }
}
