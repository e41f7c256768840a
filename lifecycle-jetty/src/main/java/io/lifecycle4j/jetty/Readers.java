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
 * Waits for the peers that may still be reading their last response. For Jetty a response is complete when the operating system has its
 * bytes; a slow peer has them later.
 *
 * <p>A reader is TOLD that nothing more will follow: by GOAWAY and a PING, or by {@code Connection: close}. It has ACKNOWLEDGED everything
 * sent before when it answers the PING; HTTP/1.1 has no such answer, so that there a peer counts as acknowledged at once. Then the peer
 * closes the connection, and the reader is removed. After the acknowledgement, the peer's application may still have to take the response
 * from the memory of its own client, which nothing on the wire shows; the connection lingers for a time that grows with the response.
 *
 * <p>Jetty's threads change readers and the drain's thread waits for them, all under this object's monitor. A connection that closed
 * before this listener was added is found by a look at its end point.
 */
final class Readers implements Connection.Listener {
    private static final long RECENT_NANOS = Duration.ofSeconds(1).toNanos();
    // An application that takes a response more slowly than that from its client's memory is not waited for.
    private static final long SLOWEST_BYTES_PER_SECOND = 1_000_000;

    // Its fields are guarded by the monitor of its Readers; Error Prone has no expression for the lock of an owner.
    private static final class Reader {
        final Connection connection;
        // A response has ended during the drain.
        boolean served;
        // The length of the responses that have ended during the drain.
        long bytes;
        boolean told;
        // The peer was sent GOAWAY in the announce delay.
        boolean announced;
        // The connection had traffic shortly before it was told.
        boolean recent;
        boolean acknowledged;
        // At first there is no time to linger.
        long lingerUntil = System.nanoTime();

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

        /** Returns the time until which the drain waits for this reader, unless its connection closes earlier. */
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

    /** Adds a response of the given length that has ended on a connection which stays open. */
    void served(Connection connection, long bytes) {
        synchronized (this) {
            Reader reader = readerOf(connection);
            reader.served = true;
            reader.bytes += bytes;
            notifyAll();
        }
        removeIfClosed(connection);
    }

    /** Adds the last response of an HTTP/1.1 connection, which has told the peer; the peer counts as acknowledged at once. */
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

    /** Marks that the announce delay was announced to a peer, and returns true; returns false if it was marked before. */
    boolean markAnnounced(Connection connection) {
        boolean first;
        synchronized (this) {
            Reader reader = readerOf(connection);
            first = !reader.announced;
            reader.announced = true;
        }
        removeIfClosed(connection);
        return first;
    }

    /** Marks a peer as told, and returns true; returns false if it was marked before. Only the thread that gets true tells it. */
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

    /** Takes the mark back: the peer has opened a stream before it was told. */
    synchronized void unmarkAnnounced(Connection connection) {
        Reader reader = open.get(connection);
        if (reader != null) {
            reader.announced = false;
        }
    }

    /** Takes the mark back: the peer has opened a stream before it was told. */
    synchronized void unmarkTold(Connection connection) {
        Reader reader = open.get(connection);
        if (reader != null) {
            reader.told = false;
        }
    }

    /** Marks that the peer has acknowledged everything that was sent before it was told. */
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
     * Waits until each reader that was told has closed its connection, or its time to linger is over, or the given time has come. Readers
     * that are added meanwhile are not waited for: under a flood of late requests the wait would never end.
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

    /** Removes all readers; returns the names of the peers that have not acknowledged their responses. The stop closes the connections. */
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
