package io.lifecycle4j.sample.im;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Connections on which a byte comes every 200 ms, until the server closes them. */
final class SlowSenders implements AutoCloseable {
    private final InetSocketAddress address;
    private final List<SocketChannel> open = new CopyOnWriteArrayList<>();
    private final List<String> answers = new CopyOnWriteArrayList<>();
    private final AtomicInteger cut = new AtomicInteger();
    private final ScheduledExecutorService drips = Executors.newSingleThreadScheduledExecutor();

    SlowSenders(URI server) {
        this.address = new InetSocketAddress(server.getHost(), server.getPort());
        var unused = drips.scheduleAtFixedRate(() -> open.forEach(this::drip), 200, 200, TimeUnit.MILLISECONDS);
    }

    void open(int count, String begin) throws IOException {
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open(address);
            channel.write(ByteBuffer.wrap(begin.getBytes(US_ASCII)));
            channel.configureBlocking(false);
            open.add(channel);
        }
    }

    /** How many connections the server has closed. */
    int cut() {
        return cut.get();
    }

    /** What the server has said on those. */
    List<String> answers() {
        return answers;
    }

    private void drip(SocketChannel channel) {
        ByteBuffer answer = ByteBuffer.allocate(4_096);
        try {
            while (channel.read(answer) > 0) {}
            channel.write(ByteBuffer.wrap(new byte[] {'x'}));
            if (answer.position() == 0 && channel.read(answer) >= 0) {
                return;
            }
        } catch (IOException e) {
            // It is closed, with what it has said.
        }
        close(channel);
        open.remove(channel);
        if (answer.position() > 0) {
            answers.add(US_ASCII.decode(answer.flip()).toString());
        }
        cut.incrementAndGet();
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        drips.shutdownNow();
        open.forEach(SlowSenders::close);
    }
}
