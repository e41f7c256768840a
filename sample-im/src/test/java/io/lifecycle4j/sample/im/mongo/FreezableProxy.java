package io.lifecycle4j.sample.im.mongo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Forwards connections, and can stop doing so while they stay open: what a process stopped with SIGSTOP looks like. */
public final class FreezableProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition thawed = lock.newCondition();
    private boolean frozen; // under the lock
    private volatile InetSocketAddress target = new InetSocketAddress(0);

    public FreezableProxy() throws IOException {
        start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    public void forwardTo(String host, int port) {
        target = new InetSocketAddress(host, port);
    }

    public void freeze() {
        set(true);
    }

    public void thaw() {
        set(false);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        thaw();
    }

    private void set(boolean value) {
        lock.lock();
        try {
            frozen = value;
            thawed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server = new Socket(target.getAddress(), target.getPort());
            start(() -> pump(client, server));
            start(() -> pump(server, client));
        }
    }

    private void pump(Socket from, Socket to) throws IOException {
        byte[] buffer = new byte[65_536];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                awaitThaw();
                out.write(buffer, 0, count);
            }
        }
    }

    private void awaitThaw() {
        lock.lock();
        try {
            while (frozen) {
                thawed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // a side is closed: so ends its thread
                    }
                },
                "freezable-proxy");
        thread.setDaemon(true);
        thread.start();
    }
}
