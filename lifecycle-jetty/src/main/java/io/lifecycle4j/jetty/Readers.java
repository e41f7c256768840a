package io.lifecycle4j.jetty;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.IdleTimeout;

/**
 * The connections whose peers may still be reading the last of their responses: for Jetty a response is complete when the operating
 * system has its bytes.
 *
 * <p>A peer is TOLD that no more will follow (by GOAWAY and a PING, or by {@code Connection: close}), then it has ACKNOWLEDGED all that was
 * sent before (the PING's answer; HTTP/1.1 has none, and counts as acknowledged), then the connection is gone, as the peer has closed it. A
 * peer that has acknowledged, and stays open, may have an application that has not taken everything yet: it is lingered for,
 * and nobody can know more.
 *
 * <p>Jetty's threads change readers, the drain's thread waits for them; all under this object's monitor, which is not held
 * while Jetty is called. A reader that was closed before it was listened to is found by a look at its endpoint.
 */
final class Readers implements Connection.Listener {
    private static final long RECENT_NANOS = Duration.ofSeconds(1).toNanos();
    // A client whose application reads slower than that, from the client's own memory, is not waited for.
    private static final long SLOWEST_BYTES_PER_SECOND = 1_000_000;

    // Its fields are guarded by the monitor of its Readers; Error Prone has no expression for the lock of an owner.
    private static final class Reader {
        final Connection connection;
        boolean served; // a response has ended in the drain
        long bytes; // of those responses
        boolean told;
        boolean recent; // there was traffic just before it was told
        boolean acknowledged;
        long lingerUntil = System.nanoTime(); // not at all

        Reader(Connection connection) {
            this.connection = connection;
        }

        void acknowledge(long atLeast) {
            acknowledged = true;
            lingerUntil =
                    System.nanoTime() + atLeast + bytes * (TimeUnit.SECONDS.toNanos(1) / SLOWEST_BYTES_PER_SECOND);
        }

        boolean mayBeReading() {
            return served || recent;
        }

        /** When not to wait for it any longer. */
        long end(long now, long until) {
            if (acknowledged || !mayBeReading()) {
                return Math.min(lingerUntil, until);
            }
            return served ? until : Math.min(until, now + RECENT_NANOS - idleNanos());
        }

        private long idleNanos() {
            EndPoint endPoint = connection.getEndPoint();
            return endPoint instanceof IdleTimeout activity
                    ? TimeUnit.MILLISECONDS.toNanos(activity.getIdleFor())
                    : RECENT_NANOS;
        }
    }

    @GuardedBy("this")
    private final Map<Connection, Reader> open = new LinkedHashMap<>();

    /** A response of the given length has ended on the connection, which goes on. */
    void served(Connection connection, long bytes) {
        synchronized (this) {
            Reader reader = readerOf(connection);
            reader.served = true;
            reader.bytes += bytes;
            notifyAll();
        }
        removeIfClosed(connection);
    }

    /** A response of the given length was the connection's last, and the peer, which cannot acknowledge, was told so. */
    void servedLast(Connection connection, long bytes) {
        synchronized (this) {
            Reader reader = readerOf(connection);
            reader.bytes += bytes;
            reader.told = true;
            reader.acknowledge(0);
            notifyAll();
        }
        removeIfClosed(connection);
    }

    /** The peer is about to be told; returns false if it was before. */
    boolean markTold(Connection connection) {
        boolean first;
        synchronized (this) {
            Reader reader = readerOf(connection);
            first = !reader.told;
            reader.recent |= first && reader.idleNanos() < RECENT_NANOS;
            reader.told = true;
            notifyAll();
        }
        removeIfClosed(connection);
        return first;
    }

    /** The peer has acknowledged all that was sent before it was told. */
    void acknowledged(Connection connection) {
        synchronized (this) {
            Reader reader = readerOf(connection);
            reader.acknowledge(reader.mayBeReading() ? RECENT_NANOS : 0);
            notifyAll();
        }
        removeIfClosed(connection);
    }

    @GuardedBy("this")
    private Reader readerOf(Connection connection) {
        Reader reader = open.get(connection);
        if (reader == null) {
            reader = new Reader(connection);
            open.put(connection, reader);
            connection.addEventListener(this);
        }
        return reader;
    }

    private void removeIfClosed(Connection connection) {
        if (!connection.getEndPoint().isOpen()) {
            onClosed(connection);
        }
    }

    @Override
    public synchronized void onClosed(Connection connection) {
        open.remove(connection);
        notifyAll();
    }

    /**
     * Waits until those that were told have acknowledged and closed, or were lingered for, or the time has come. Those that come
     * later are not waited for: under a flood of late requests there would be no end.
     */
    synchronized void await(long until) throws InterruptedException {
        Collection<Reader> waitedFor = List.copyOf(open.values());
        while (true) {
            long now = System.nanoTime();
            long next = now;
            for (Reader reader : waitedFor) {
                if (reader.told && open.containsKey(reader.connection)) {
                    next = Math.max(next, reader.end(now, until));
                }
            }
            if (next <= now) {
                return;
            }
            TimeUnit.NANOSECONDS.timedWait(this, next - now);
        }
    }

    /** Returns the names of the peers that have not acknowledged what they were served, and waits for none of these any more. */
    synchronized List<String> cut() {
        List<String> names = new ArrayList<>();
        for (Reader reader : open.values()) {
            boolean stillReads = reader.served || (reader.recent && reader.idleNanos() < RECENT_NANOS);
            if (reader.told && !reader.acknowledged && stillReads) {
                names.add("HTTP/2 connection from " + Peers.addressOf(reader.connection)
                        + ", whose last response was not read to its end");
            }
        }
        open.clear();
        return names;
    }
}
