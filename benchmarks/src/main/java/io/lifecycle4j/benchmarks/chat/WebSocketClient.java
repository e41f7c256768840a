package io.lifecycle4j.benchmarks.chat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket connection of many. Answers pings and the server's close, and leaves it to the server to end the connection.
 * For the thread of its {@link WebSocketClients} only.
 */
public final class WebSocketClient {
    private static final String UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private static final String END_OF_HEAD = "\r\n\r\n";
    private static final int CONTINUATION = 0;
    private static final int TEXT = 1;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int TWO_BYTES = 126;
    private static final int EIGHT_BYTES = 127;
    private static final int MOST_HEADER_BYTES = 14;
    private static final int MASK = 0; // the server's work is the same whatever it is

    private final WebSocketClients clients;
    private final WebSocketListener listener;
    private @Nullable SocketChannel channel;
    private @Nullable SelectionKey key;
    private byte @Nullable [] request; // until it is sent
    private boolean open;
    private boolean ended;
    private @Nullable ByteBuffer begun; // the first bytes of a frame
    private @Nullable ByteArrayOutputStream fragments;
    private @Nullable ByteBuffer unwritten;
    private int closeCode = WebSocketListener.NO_CLOSE_FRAME;
    private String closeReason = "no close frame";

    WebSocketClient(WebSocketClients clients, WebSocketListener listener) {
        this.clients = clients;
        this.listener = listener;
    }

    void connect(InetSocketAddress server, String path, String headerLines) {
        String head = "GET " + path + " HTTP/1.1\r\nHost: " + server.getHostString() + ":" + server.getPort() + "\r\n"
                + UPGRADE + headerLines + "\r\n";
        request = head.getBytes(StandardCharsets.US_ASCII);
        try {
            SocketChannel connecting = SocketChannel.open();
            channel = connecting;
            connecting.configureBlocking(false);
            connecting.setOption(StandardSocketOptions.TCP_NODELAY, true);
            key = clients.register(connecting, SelectionKey.OP_CONNECT, this);
            if (connecting.connect(server)) {
                connected();
            }
        } catch (IOException e) {
            end(e.toString());
        }
    }

    void ready() {
        if (ended) { // since it was selected
            return;
        }
        try {
            if (key().isConnectable()) {
                channel().finishConnect();
                connected();
            }
            if (key().isValid() && key().isWritable()) {
                writeOn();
            }
            if (key().isValid() && key().isReadable()) {
                read();
            }
        } catch (IOException e) {
            end(e.toString());
        }
    }

    private void connected() throws IOException {
        key().interestOps(SelectionKey.OP_READ);
        write(ByteBuffer.wrap(request == null ? new byte[0] : request));
        request = null;
    }

    private void read() throws IOException {
        ByteBuffer input = clients.input().clear();
        if (begun != null) {
            input.put(begun);
            begun = null;
        }
        boolean eof = channel().read(input) < 0;
        input.flip();
        if (!open) {
            upgrade(input);
        }
        if (open) {
            parse(input);
        }
        if (eof) {
            end(closeReason);
        } else if (input.remaining() == input.capacity()) {
            throw new IOException("a frame of more than " + input.capacity() + " bytes");
        } else if (input.hasRemaining() && !ended) {
            begun = ByteBuffer.allocate(input.remaining()).put(input).flip();
        }
    }

    private void upgrade(ByteBuffer input) throws IOException {
        String text = StandardCharsets.ISO_8859_1.decode(input.duplicate()).toString();
        int headEnd = text.indexOf(END_OF_HEAD);
        if (headEnd < 0) {
            return;
        }
        if (!text.startsWith("HTTP/1.1 101 ")) {
            throw new IOException("got '" + text.lines().findFirst().orElse("") + "' (expected: status 101)");
        }
        input.position(input.position() + headEnd + END_OF_HEAD.length());
        open = true;
        listener.opened(this);
    }

    private void parse(ByteBuffer input) throws IOException {
        int limit = input.limit();
        while (!ended && limit - input.position() >= 2) {
            int start = input.position();
            int length = input.get(start + 1);
            int header = length == EIGHT_BYTES ? 10 : length == TWO_BYTES ? 4 : 2;
            if (limit - start < header) {
                return;
            }
            if (length == TWO_BYTES) {
                length = Short.toUnsignedInt(input.getShort(start + 2));
            } else if (length == EIGHT_BYTES) {
                length = Math.toIntExact(input.getLong(start + 2));
            }
            int end = start + header + length;
            if (end > limit) {
                return;
            }
            input.position(start + header).limit(end);
            frame(input.get(start), input);
            input.limit(limit).position(end);
        }
    }

    private void frame(int first, ByteBuffer payload) throws IOException {
        boolean last = (first & FINAL) != 0;
        switch (first & 0x0f) {
            case TEXT, CONTINUATION -> {
                if (last && fragments == null) {
                    listener.text(this, payload);
                } else {
                    fragment(payload, last);
                }
            }
            case PING -> send(PONG, payload);
            case PONG -> {}
            case CLOSE -> {
                closeCode = payload.remaining() >= 2 ? Short.toUnsignedInt(payload.getShort(payload.position())) : 1005;
                ByteBuffer reason = payload.duplicate().position(Math.min(payload.position() + 2, payload.limit()));
                closeReason = StandardCharsets.UTF_8.decode(reason).toString();
                send(CLOSE, payload.limit(Math.min(payload.position() + 2, payload.limit())));
            }
            default -> throw new IOException("a frame of opcode " + (first & 0x0f));
        }
    }

    private void fragment(ByteBuffer payload, boolean last) {
        ByteArrayOutputStream whole = fragments == null ? new ByteArrayOutputStream() : fragments;
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        whole.writeBytes(bytes);
        fragments = last ? null : whole;
        if (last) {
            listener.text(this, ByteBuffer.wrap(whole.toByteArray()));
        }
    }

    /** Sends a text message; on a connection that has ended, nothing. */
    public void send(String text) {
        send(TEXT, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Sends a text message in UTF-8; the buffer's position is moved to its end. */
    public void send(ByteBuffer text) {
        send(TEXT, text);
    }

    /** Begins to close: the server is to answer with a close frame. */
    public void close(int code) {
        send(CLOSE, ByteBuffer.allocate(2).putShort((short) code).flip());
    }

    private void send(int opcode, ByteBuffer payload) {
        int length = payload.remaining();
        ByteBuffer shared = clients.output().clear();
        ByteBuffer frame = length + MOST_HEADER_BYTES <= shared.capacity()
                ? shared
                : ByteBuffer.allocate(length + MOST_HEADER_BYTES);
        frame.put((byte) (FINAL | opcode));
        if (length < TWO_BYTES) {
            frame.put((byte) (MASKED | length));
        } else if (length < 1 << 16) {
            frame.put((byte) (MASKED | TWO_BYTES)).putShort((short) length);
        } else {
            frame.put((byte) (MASKED | EIGHT_BYTES)).putLong(length);
        }
        frame.putInt(MASK).put(payload).flip();
        try {
            write(frame);
        } catch (IOException e) {
            unwritten = null; // what the server sent before is still to be read, and then the end
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        if (ended) {
            return;
        }
        if (unwritten == null) {
            channel().write(bytes);
        }
        if (bytes.hasRemaining()) {
            int before = unwritten == null ? 0 : unwritten.remaining();
            ByteBuffer all = ByteBuffer.allocate(before + bytes.remaining());
            if (unwritten != null) {
                all.put(unwritten);
            }
            unwritten = all.put(bytes).flip();
            key().interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        }
    }

    private void writeOn() throws IOException {
        if (unwritten != null) {
            channel().write(unwritten);
            if (unwritten.hasRemaining()) {
                return;
            }
            unwritten = null;
        }
        key().interestOps(SelectionKey.OP_READ);
    }

    /** Cuts the connection; the listener is not told. */
    public void abort() {
        ended = true;
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // it is gone, which is all that was wanted
        }
    }

    private void end(String reason) {
        if (!ended) {
            abort();
            listener.closed(this, closeCode, reason);
        }
    }

    private SocketChannel channel() {
        return present(channel);
    }

    private SelectionKey key() {
        return present(key);
    }

    private static <T> T present(@Nullable T connected) {
        if (connected == null) {
            throw new IllegalStateException("not connected yet");
        }
        return connected;
    }
}
