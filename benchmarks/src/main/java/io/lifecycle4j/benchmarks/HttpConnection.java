package io.lifecycle4j.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A client's connection to 127.0.0.1, as cheap as can be: one request at a time, small responses with a Content-Length. */
final class HttpConnection implements AutoCloseable {
    private static final String END_OF_HEAD = "\r\n\r\n";
    private static final String LENGTH = "content-length:";

    private final SocketChannel channel;

    private HttpConnection(SocketChannel channel) {
        this.channel = channel;
    }

    static HttpConnection to(int port) throws IOException {
        return new HttpConnection(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
    }

    SocketChannel channel() {
        return channel;
    }

    /** Sends a request; more header lines each end with CR LF. */
    void send(String path, String headerLines) throws IOException {
        ByteBuffer request = ascii("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headerLines + "\r\n");
        while (request.hasRemaining()) {
            channel.write(request);
        }
    }

    /** Waits for the whole response, and returns its head in lower case. */
    String receive(int expectedStatus) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(1024);
        int missing;
        do {
            if (channel.read(buffer.clear()) < 0) {
                throw new EOFException("closed after '" + text + "'");
            }
            text.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
            missing = missing(text.toString());
        } while (missing > 0);
        if (missing < 0 || !text.toString().startsWith("HTTP/1.1 " + expectedStatus + " ")) {
            throw new IOException("got '" + text + "' (expected: status " + expectedStatus + ")");
        }
        return text.toString().toLowerCase(Locale.ROOT);
    }

    private static int missing(String text) {
        int headEnd = text.indexOf(END_OF_HEAD);
        if (headEnd < 0) {
            return 1;
        }
        String head = text.substring(0, headEnd + 2).toLowerCase(Locale.ROOT);
        int length = head.indexOf(LENGTH);
        String digits = length < 0 ? "0" : head.substring(length + LENGTH.length(), head.indexOf("\r\n", length));
        return headEnd + END_OF_HEAD.length() + Integer.parseInt(digits.strip()) - text.length();
    }

    void get(String path) throws IOException {
        send(path, "");
        receive(200);
    }

    /** Keeps the connection as a client's pool does, and closes it when the server has. */
    void awaitEnd() {
        ByteBuffer buffer = ByteBuffer.allocate(1024);
        try (channel) {
            int read = 0;
            while (read >= 0) {
                read = channel.read(buffer.clear());
            }
        } catch (IOException e) {
            // reset: ended, too
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
