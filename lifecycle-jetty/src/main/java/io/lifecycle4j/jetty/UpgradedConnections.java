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
 * The connections that speak HTTP no more: WebSockets of every kind, CONNECT tunnels, other upgrades.
 *
 * <p>A connection is OPEN from just before its upgrade, while the request that asked for it is still in flight. One that belongs to a
 * WebSocket session of a container that is known can be told to close, and is then TOLD. It is gone when it closes; whatever would close
 * it before the peer has answered is held by {@link TrackedSession}, so that a connection which ends early was ended by its peer. At the
 * drain's end, those that are left are CUT. Jetty's threads add and remove connections, the drain's thread tells and cuts; all under this
 * object's monitor, which is not held while Jetty is called.
 *
 * <p>The race of a session that opens against the drain's begin: it is either among those that the drain takes, or it finds {@code
 * draining} and is told by the thread that opens it; {@link #take} lets only one of the two do so. The race of an upgrade against
 * the drain's end: its request counts until the connection is in here, so whoever waits for the gate first misses none.
 */
final class UpgradedConnections implements Connection.Listener {

    /** How a session is closed. */
    interface Farewell {

        /** Sends the close frame behind what is queued; never blocks. */
        void say();

        /** The connection is closed. */
        void closed();
    }

    /** How long it may take to tell a number of sessions. */
    @FunctionalInterface
    interface Spread {
        Duration over(int sessions);
    }

    /** A connection that is open; null for the farewell if it cannot be told. */
    private record Upgraded(
            String what, long since, @Nullable Farewell farewell, boolean told) {

        Upgraded(String what) {
            this(what, System.nanoTime(), null, false);
        }

        Upgraded with(@Nullable Farewell opened) {
            return new Upgraded(what, since, opened, told);
        }

        Upgraded withTold() {
            return new Upgraded(what, since, farewell, true);
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

    /** A request is about to be upgraded to the connection; {@link #removeUnlessOpen} is owed. */
    void opening(Connection connection, Request request) {
        add(connection, kindOf(connection, request));
    }

    private synchronized Upgraded add(Connection connection, String kind) {
        Upgraded upgraded = new Upgraded(kind + " from " + Peers.addressOf(connection));
        open.put(connection, upgraded);
        connection.addEventListener(this);
        return upgraded;
    }

    /** A session of the connection is open. */
    void opened(Connection connection, @Nullable Farewell farewell) {
        boolean late;
        synchronized (this) {
            Upgraded upgraded = open.get(connection);
            if (upgraded == null) { // its request went past the gate
                upgraded = add(connection, "WebSocket");
            }
            open.put(connection, upgraded.with(farewell));
            late = draining;
        }
        if (late) {
            tell(connection);
        }
        removeUnlessOpen(connection);
    }

    /** To be called after an upgrade: a connection that never opened, or closed before it was listened to, tells nobody. */
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
        if (upgraded != null && upgraded.farewell != null) {
            upgraded.farewell.closed();
        }
    }

    /**
     * Tells those that can be told to close, one after another over the given time, and from now on those that open; with an
     * interrupt, without a pause.
     */
    void tellAll(Spread spread) throws InterruptedException {
        List<Connection> waiting;
        synchronized (this) {
            draining = true;
            waiting = open.entrySet().stream()
                    .filter(entry -> entry.getValue().farewell != null)
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
        Farewell farewell = take(connection);
        if (farewell != null) {
            farewell.say();
        }
    }

    private synchronized @Nullable Farewell take(Connection connection) {
        Upgraded upgraded = open.get(connection);
        if (upgraded == null || upgraded.told || upgraded.farewell == null) {
            return null;
        }
        open.put(connection, upgraded.withTold());
        told++;
        return upgraded.farewell;
    }

    /** Waits until none is open, or the time has come. */
    synchronized void awaitClosed(long until) throws InterruptedException {
        long left = until - System.nanoTime();
        while (!open.isEmpty() && left > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            left = until - System.nanoTime();
        }
    }

    /**
     * Has those that are still open closed, and returns their names. Jetty calls a session's listener on the thread that closes
     * it, so that is not the caller's: a listener may block.
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
        } catch (RejectedExecutionException e) { // no thread to be had: the stop closes what is left
        }
    }

    /** What became of the sessions that were told; null if none was. */
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
