package io.lifecycle4j.sample.im;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Requests as bytes, for what Java's own client does not send. */
final class RawHttp {
    private static final int PATIENCE = 20_000;

    private RawHttp() {}

    /** Sends some lines, and leaves the connection open. */
    static Socket open(URI server, String... lines) throws IOException {
        Socket socket = new Socket(server.getHost(), server.getPort());
        socket.setSoTimeout(PATIENCE);
        String request = String.join("\r\n", lines) + "\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    /** Sends some lines, and returns all that is answered until the server closes the connection. */
    static String answer(URI server, String... lines) throws IOException {
        try (Socket socket = open(server, lines)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
