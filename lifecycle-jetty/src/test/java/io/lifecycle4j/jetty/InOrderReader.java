package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An HTTP/2 client that reads frame by frame at its own pace. It answers a PING only when it has read everything before it, and updates its
 * windows often, so it writes while it reads.
 */
final class InOrderReader {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    // Jetty takes more frequent window updates for a flood.
    private static final int UPDATE = 32 << 10;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final boolean answersPing;

    InOrderReader(Socket socket, boolean answersPing) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(socket.getInputStream());
        this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        this.answersPing = answersPing;
    }

    /** Sends the request. */
    void get(String scheme, String path) throws IOException {
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
        // With windows of 1 GB, only the reading is slow.
        frame(SETTINGS, 0, 0, new byte[] {0, 4, 0x40, 0, 0, 0});
        frame(WINDOW_UPDATE, 0, 0, new byte[] {0x3F, 0, 0, 0});
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        // GET, as in RFC 7541, appendix A.
        headers.write(0x82);
        headers.write(scheme.equals("https") ? 0x87 : 0x86);
        literal(headers, 0x04, path);
        literal(headers, 0x01, "localhost");
        frame(HEADERS, END_STREAM | 4, 1, headers.toByteArray());
        out.flush();
    }

    private static void literal(ByteArrayOutputStream headers, int name, String value) {
        headers.write(name);
        headers.write(value.length());
        headers.writeBytes(value.getBytes(US_ASCII));
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        out.writeByte(0);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
    }

    /** Reads until the response has ended and GOAWAY has arrived, then closes; returns the number of the body's bytes. */
    long read(long bytesPerSecond) throws IOException {
        try (socket) {
            long begin = System.nanoTime();
            long body = 0;
            long released = 0;
            boolean ended = false;
            boolean goneAway = false;
            while (!ended || !goneAway) {
                int length = (in.readUnsignedByte() << 16) + in.readUnsignedShort();
                int type = in.readUnsignedByte();
                int flags = in.readUnsignedByte();
                int stream = in.readInt();
                byte[] payload = in.readNBytes(length);
                if (type == DATA) {
                    body += length;
                    if (body - released >= UPDATE) {
                        updateWindow(0, (int) (body - released));
                        updateWindow(stream, (int) (body - released));
                        released = body;
                    }
                    pace(begin, body, bytesPerSecond);
                } else if (type == SETTINGS && flags != ACK) {
                    frame(SETTINGS, ACK, 0, new byte[0]);
                } else if (type == PING && answersPing) {
                    frame(PING, ACK, 0, payload);
                }
                out.flush();
                ended |= stream == 1 && (flags & END_STREAM) != 0;
                goneAway |= type == GOAWAY;
            }
            return body;
        }
    }

    private void updateWindow(int stream, int bytes) throws IOException {
        frame(WINDOW_UPDATE, 0, stream, new byte[] {0, 0, (byte) (bytes >> 8), (byte) bytes});
    }

    /** Waits, since the pace of the reading is what is tested. */
    static void pace(long begin, long bytes, long bytesPerSecond) {
        long due = begin + TimeUnit.SECONDS.toNanos(1) / 1_000 * (bytes * 1_000 / bytesPerSecond);
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
