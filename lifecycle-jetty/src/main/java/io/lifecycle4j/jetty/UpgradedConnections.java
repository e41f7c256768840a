package io.lifecycle4j.jetty;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Drains the connections that no longer speak HTTP: WebSockets of every kind, CONNECT tunnels, other upgrades.
 *
 * <p>A connection is OPEN from just before its upgrade, while the request that asked for the upgrade is still in flight. If it belongs to a
 * WebSocket session of a known container, it has a {@link Goodbye} and becomes TOLD when that is sent. It is removed when it closes; since
 * {@link TrackedSession} holds every close that would come before the peer's answer, an early end is the peer's own. The connections that
 * are left at the drain's end are CUT. Jetty's threads add and remove connections, the drain's thread tells and cuts them, all under
 * this object's monitor, which is not held while a goodbye is sent or a connection is closed.
 *
 * <p>The race of a session that opens against the beginning of the drain: either the drain finds the session, or the thread that opens it finds
 * {@code draining} and tells it; {@link #take} lets only one of the two do so. The race of an upgrade against the end of the drain: the
 * request stays in flight until its connection is in the map, and the drain waits for the gate before it waits for the map.
 */
final class UpgradedConnections implements Connection.Listener {

    /** The way to tell the peer of one connection. */
    interface Goodbye {

        /** Queues the close frame behind everything that is queued already; never blocks. */
        void send();

        /** Called when the connection has closed, whether the goodbye was sent or not. */
        void connectionClosed();
    }

    /** Returns the time over which a number of sessions are told, one after another. */
    @FunctionalInterface
    interface Spread {
        Duration over(int sessions);
    }

    /** An open connection; its goodbye is null if it cannot be told. */
    private record Upgraded(
            String what, long since, @Nullable Goodbye goodbye, boolean told) {

        Upgraded(String what) {
            this(what, System.nanoTime(), null, false);
        }

        Upgraded with(@Nullable Goodbye opened) {
            return new Upgraded(what, since, opened, told);
        }

        Upgraded withTold() {
            return new Upgraded(what, since, goodbye, true);
        }

        String name() {
            return what + ", open for " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since) + " s";
        }
    }

    @GuardedBy("this")
    private final Map<Connection, Upgraded> open = new LinkedHashMap<>();

    @GuardedBy("this")
    private boolean draining;

    @GuardedBy("this")
    private int told;

    @GuardedBy("this")
    private int cutAfterTold;

    /** Adds the connection to which a request is about to be upgraded. {@link #removeUnlessOpen} must follow the upgrade. */
    void opening(Connection connection, Request request) {
        add(connection, kindOf(connection, request));
    }

    private synchronized Upgraded add(Connection connection, String kind) {
        Upgraded upgraded = new Upgraded(kind + " from " + Peers.addressOf(connection));
        open.put(connection, upgraded);
        connection.addEventListener(this);
        return upgraded;
    }

    /** Sets the goodbye of a connection whose session has opened, null if it cannot be told; sends it at once if telling has begun. */
    void opened(Connection connection, @Nullable Goodbye goodbye) {
        boolean late;
        synchronized (this) {
            Upgraded upgraded = open.get(connection);
            if (upgraded == null) {
                // The request was upgraded without passing the gate.
                upgraded = add(connection, "WebSocket");
            }
            open.put(connection, upgraded.with(goodbye));
            late = draining;
        }
        if (late) {
            tell(connection);
        }
        removeUnlessOpen(connection);
    }

    /** Removes a connection that never opened, or closed before this listener was added; neither is reported by Jetty. */
    void removeUnlessOpen(Connection connection) {
        if (!connection.getEndPoint().isOpen() || connection.getEndPoint().getConnection() != connection) {
            onClosed(connection);
        }
    }

    @Override
    public void onClosed(Connection connection) {
        Upgraded upgraded;
        synchronized (this) {
            upgraded = open.remove(connection);
            notifyAll();
        }
        if (upgraded != null && upgraded.goodbye != null) {
            upgraded.goodbye.connectionClosed();
        }
    }

    /**
     * Tells the connections that have a goodbye, one after another over the given time; connections that open from now on are told at once.
     * After an interrupt, the rest are told without a pause.
     */
    void tellAll(Spread spread) throws InterruptedException {
        List<Connection> waiting;
        synchronized (this) {
            draining = true;
            waiting = open.entrySet().stream()
                    .filter(entry -> entry.getValue().goodbye != null)
                    .map(Map.Entry::getKey)
                    .toList();
        }
        long start = System.nanoTime();
        long time = spread.over(waiting.size()).toNanos();
        int next = 0;
        try {
            for (Connection connection : waiting) {
                awaitClosed(start + time / waiting.size() * next);
                tell(connection);
                next++;
            }
        } finally {
            waiting.subList(next, waiting.size()).forEach(this::tell);
        }
    }

    private void tell(Connection connection) {
        Goodbye goodbye = take(connection);
        if (goodbye != null) {
            goodbye.send();
        }
    }

    /** Marks the connection as told and returns its goodbye; null if it has none, or was told before, or is gone. */
    private synchronized @Nullable Goodbye take(Connection connection) {
        Upgraded upgraded = open.get(connection);
        if (upgraded == null || upgraded.told || upgraded.goodbye == null) {
            return null;
        }
        open.put(connection, upgraded.withTold());
        told++;
        return upgraded.goodbye;
    }

    /** Waits until no connection is open, or the given time has come. */
    synchronized void awaitClosed(long until) throws InterruptedException {
        long left = until - System.nanoTime();
        while (!open.isEmpty() && left > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            left = until - System.nanoTime();
        }
    }

    /**
     * Cuts the connections that are still open, and returns their names. They are closed on threads of the executor, since Jetty calls a
     * session's listener on the thread that closes its connection, and a listener may block.
     */
    List<String> cut(Executor closer) {
        Map<Connection, Upgraded> left;
        synchronized (this) {
            left = new LinkedHashMap<>(open);
            open.clear();
            cutAfterTold +=
                    (int) left.values().stream().filter(each -> each.told).count();
        }
        List<String> names = new ArrayList<>();
        left.forEach((connection, upgraded) -> {
            names.add(upgraded.name());
            execute(closer, () -> Peers.close(connection));
        });
        return names;
    }

    private static void execute(Executor executor, Runnable work) {
        try {
            executor.execute(work);
        } catch (RejectedExecutionException e) {
            // Without a thread, the connection stays open until the stop closes it.
        }
    }

    /** Returns what became of the sessions that were told; null if none was told. */
    synchronized @Nullable String note() {
        return told == 0
                ? null
                : "WebSocket sessions: " + told + " told, " + (told - cutAfterTold) + " closed, " + cutAfterTold
                        + " cut";
    }

    private static String kindOf(Connection connection, Request request) {
        if (connection.getClass().getName().startsWith("org.eclipse.jetty.websocket.")) {
            return "WebSocket " + InFlight.pathOf(request);
        }
        if (HttpMethod.CONNECT.is(request.getMethod())) {
            return "tunnel to " + request.getHttpURI().getAuthority();
        }
        return "upgrade to " + request.getHeaders().get(HttpHeader.UPGRADE) + " " + InFlight.pathOf(request);
    }
}
