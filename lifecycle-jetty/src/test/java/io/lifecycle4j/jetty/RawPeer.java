package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;

/** A peer that does nothing by itself: it reads and answers only once {@link #seen} is called. */
final class RawPeer implements Peer {
    private static final int TEXT = 1;
    private static final int CLOSE = 8;
    private final Socket socket;
    private final DataInputStream in;

    private RawPeer(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    /** Returns a peer whose session is open, and whose receive buffer is small. */
    static RawPeer open(URI uri) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4 * 1024);
        socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()));
        socket.setSoTimeout(20_000);
        RawPeer peer = new RawPeer(socket);
        socket.getOutputStream()
                .write(("GET " + uri.getPath()
                                + " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                        .getBytes(US_ASCII));
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) peer.in.readUnsignedByte());
        }
        assertThat(head).startsWith("HTTP/1.1 101 ");
        return peer;
    }

    /** Sends a text of at most 125 ASCII characters. */
    void send(String text) throws IOException {
        // The mask is zero.
        byte[] frame = new byte[6 + text.length()];
        frame[0] = (byte) (0x80 | TEXT);
        frame[1] = (byte) (0x80 | text.length());
        System.arraycopy(text.getBytes(US_ASCII), 0, frame, 6, text.length());
        socket.getOutputStream().write(frame);
    }

    /** Reads up to the close frame, answers it, and waits for the end of the connection. */
    @Override
    public Seen seen(Duration limit) throws IOException {
        socket.setSoTimeout(Math.toIntExact(limit.toMillis()));
        int queued = 0;
        long bytes = 0;
        try {
            while (true) {
                int opCode = in.readUnsignedByte() & 0xF;
                byte[] payload = in.readNBytes(length());
                if (opCode == CLOSE) {
                    answer(payload);
                    int code = ((payload[0] & 0xFF) << 8) | (payload[1] & 0xFF);
                    return new Seen(code, new String(payload, 2, payload.length - 2, UTF_8), queued, bytes);
                }
                if (opCode == TEXT && payload[0] == 'q') {
                    queued++;
                }
                bytes += payload.length;
            }
        } catch (IOException e) {
            return new Seen(1006, e.toString(), queued, bytes);
        }
    }

    private int length() throws IOException {
        int length = in.readUnsignedByte();
        return switch (length) {
            case 126 -> in.readUnsignedShort();
            case 127 -> Math.toIntExact(in.readLong());
            default -> length;
        };
    }

    private void answer(byte[] payload) {
        // The mask is zero.
        byte[] frame = {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, payload[0], payload[1]};
        int next;
        try {
            socket.getOutputStream().write(frame);
            next = in.read();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the connection was not closed after the answer", e);
        } catch (IOException e) {
            // The connection had been cut already.
            next = -1;
        }
        assertThat(next).as("what follows the close frame").isEqualTo(-1);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
