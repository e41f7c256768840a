package io.lifecycle4j.benchmarks.chat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * Many WebSocket connections on one thread, as cheap as can be: client and server share a machine, and the client is to be the
 * cheaper one. All share one buffer to read into, and a connection keeps bytes of its own only while a frame has come in part.
 *
 * <p>{@link #connect}, {@link #execute} and {@link #close} are for any thread. Whatever else there is, the connections' own
 * methods too, is for the thread of this object: what listeners and tasks run on.
 */
public final class WebSocketClients implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 18;

    private record Timer(long at, Runnable task) {}

    private final Selector selector = Selector.open();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>((one, other) -> Long.signum(one.at() - other.at()));
    private final ByteBuffer input = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuffer output = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final Thread thread;
    private volatile boolean closed;

    private WebSocketClients(String name) throws IOException {
        thread = new Thread(this::run, name);
    }

    /** Starts the thread; it lives until {@link #close}, or until a listener or a task throws. */
    public static WebSocketClients start(String name) throws IOException {
        WebSocketClients clients = new WebSocketClients(name);
        clients.thread.start();
        return clients;
    }

    /**
     * Opens a connection.
     *
     * @param path such as {@code /ws}
     * @param headerLines more of the upgrade's header lines, each with CR LF at its end
     */
    public void connect(InetSocketAddress server, String path, String headerLines, WebSocketListener listener) {
        execute(() -> new WebSocketClient(this, listener).connect(server, path, headerLines));
    }

    /** Runs a task soon. */
    public void execute(Runnable task) {
        tasks.add(task);
        if (Thread.currentThread() != thread) {
            selector.wakeup();
        }
    }

    /** Runs a task at that time of {@link System#nanoTime}, or up to a millisecond later. */
    public void at(long nanoTime, Runnable task) {
        timers.add(new Timer(nanoTime, task));
    }

    /** Runs a task after that time, or up to a millisecond later. */
    public void after(Duration delay, Runnable task) {
        at(System.nanoTime() + delay.toNanos(), task);
    }

    SelectionKey register(SocketChannel channel, int operation, WebSocketClient client) throws IOException {
        return channel.register(selector, operation, client);
    }

    ByteBuffer input() {
        return input;
    }

    ByteBuffer output() {
        return output;
    }

    private void run() {
        try (selector) {
            while (!closed) {
                runTasks();
                runTimers();
                select();
            }
            selector.keys().forEach(key -> ((WebSocketClient) key.attachment()).abort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void select() throws IOException {
        if (!tasks.isEmpty()) {
            selector.selectNow(WebSocketClients::ready);
        } else if (timers.isEmpty()) {
            selector.select(WebSocketClients::ready);
        } else {
            long nanos = timers.element().at() - System.nanoTime();
            if (nanos <= 0) {
                selector.selectNow(WebSocketClients::ready);
            } else {
                selector.select(WebSocketClients::ready, TimeUnit.NANOSECONDS.toMillis(nanos) + 1);
            }
        }
    }

    private static void ready(SelectionKey key) {
        ((WebSocketClient) key.attachment()).ready();
    }

    private void runTasks() {
        for (int left = tasks.size(); left > 0; left--) { // those that they add come after the next look at the sockets
            tasks.remove().run();
        }
    }

    private void runTimers() {
        long now = System.nanoTime();
        while (!timers.isEmpty() && timers.element().at() - now <= 0) {
            timers.remove().task().run();
        }
    }

    /** Ends the thread, and cuts the connections without telling their listeners. */
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
    }
}
