package io.lifecycle4j.example;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** One connection, whose bytes a test writes and reads itself. */
final class RawHttp implements Closeable {
    private final Socket socket;
    private final InputStream in;

    RawHttp(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        in = new BufferedInputStream(socket.getInputStream());
    }

    static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    RawHttp send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    /** Returns the status line and the headers of the next response, in lower case. */
    String head() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append(next());
        }
        return head.toString().toLowerCase(Locale.ROOT);
    }

    /** Returns a body of the given length. */
    String body(int length) throws IOException {
        StringBuilder body = new StringBuilder();
        while (body.length() < length) {
            body.append(next());
        }
        return body.toString();
    }

    private char next() throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new IOException("the connection has ended");
        }
        return (char) next;
    }

    /** Returns what comes until the server ends the connection, in whatever way. */
    String restOrCut() throws IOException {
        StringBuilder rest = new StringBuilder();
        try {
            for (int next = in.read(); next >= 0; next = in.read()) {
                rest.append((char) next);
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            rest.append("<reset>");
        }
        return rest.toString();
    }

    /** Returns everything until the server ends the connection. */
    String rest() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
