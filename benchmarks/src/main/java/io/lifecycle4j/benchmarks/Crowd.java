package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A process of many clients, on one thread: idle keep-alive connections that have made one request, or WebSocket sessions. Each
 * closes when the server does; a session answers a close frame first. When all are gone, says when the first and the last
 * session was told, when the last connection was gone, and how many saw which close code.
 */
final class Crowd {
    private static final String UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private static final byte CLOSE_FRAME = (byte) 0x88;
    private static final byte MASKED = (byte) 0x80;
    private static final int NO_CLOSE_FRAME = 1006;

    private final Map<Integer, Integer> codes = new TreeMap<>();
    private Instant firstTold = Instant.MAX;
    private Instant lastTold = Instant.MIN;

    private Crowd() {}

    /** Starts it; it says when all are connected. */
    static ChildJvm start(String kind, int port, int count) throws IOException {
        return ChildJvm.readingStdout(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        Crowd.class.getName(),
                        kind,
                        String.valueOf(port),
                        String.valueOf(count)),
                Peer.LIFETIME);
    }

    public static void main(String[] arguments) throws IOException {
        boolean sessions = arguments[0].equals("sessions");
        int port = Integer.parseInt(arguments[1]);
        int count = Integer.parseInt(arguments[2]);
        List<HttpConnection> connections = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            HttpConnection connection = HttpConnection.to(port);
            connection.send(sessions ? "/ws" : "/", sessions ? UPGRADE : "");
            connection.receive(sessions ? 101 : 200);
            connections.add(connection);
        }
        new Crowd().watch(connections);
    }

    private void watch(List<HttpConnection> connections) throws IOException {
        Selector selector = Selector.open();
        for (HttpConnection connection : connections) {
            connection.channel().configureBlocking(false);
            connection.channel().register(selector, SelectionKey.OP_READ, ByteBuffer.allocate(256));
        }
        System.out.println("connected");
        int open = connections.size();
        while (open > 0) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (!isOpenAfterReading(key)) {
                    open--;
                }
            }
            selector.selectedKeys().clear();
        }
        System.out.println("first told " + firstTold);
        System.out.println("last told " + lastTold);
        System.out.println("gone " + Instant.now());
        System.out.println("codes " + codes);
    }

    private boolean isOpenAfterReading(SelectionKey key) throws IOException {
        SocketChannel channel = (SocketChannel) key.channel();
        ByteBuffer read = (ByteBuffer) key.attachment();
        boolean told = isWholeCloseFrame(read);
        try {
            if (channel.read(read) >= 0) {
                if (!told && isWholeCloseFrame(read)) {
                    answer(channel, read.getShort(2));
                }
                return true;
            }
        } catch (IOException e) {
            // reset: gone, too
        }
        if (!told) {
            codes.merge(NO_CLOSE_FRAME, 1, Integer::sum);
        }
        channel.close();
        return false;
    }

    private static boolean isWholeCloseFrame(ByteBuffer read) {
        return read.position() >= 4 && read.get(0) == CLOSE_FRAME && read.position() >= 2 + read.get(1);
    }

    private void answer(SocketChannel channel, short code) throws IOException {
        Instant now = Instant.now();
        firstTold = firstTold.isBefore(now) ? firstTold : now;
        lastTold = now;
        codes.merge((int) code, 1, Integer::sum);
        ByteBuffer frame = ByteBuffer.allocate(8).put(CLOSE_FRAME).put((byte) (MASKED | 2));
        channel.write(frame.putInt(0).putShort(code).flip()); // masked by zeros
    }
}
