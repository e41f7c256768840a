package io.lifecycle4j.jetty;

import io.lifecycle4j.ShutdownContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.WebSocketSessionListener;
import org.eclipse.jetty.websocket.common.WebSocketSession;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;

/**
 * Closes open sessions so that nothing queued is lost and no peer that answers sees 1006.
 *
 * <p>A session is OPEN, TOLD (its close frame is sent or queued), then gone: ANSWERED when the peer's close came, CUT if it did not come
 * in time. Jetty's threads add and remove sessions, the drain's thread closes them; all under this object's monitor, which
 * is not held while Jetty is called. A session that opens while the drain runs is told by the thread that opens it, at once: it was
 * either in the set before the drain took its copy, or it sees {@code draining}.
 */
final class WebSocketDrain implements WebSocketSessionListener {
    private static final Duration LONGEST_SPREAD = Duration.ofSeconds(2);
    // A handful of clients that come back at once is no stampede, and nobody should wait for two of them.
    private static final Duration PACE = Duration.ofMillis(1);
    // A peer that lives answers in a round trip; one that has not by then is gone.
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(3);
    private static final Duration LATE_LIMIT = Duration.ofSeconds(1);
    private static final int MOST_REASON_BYTES = 123; // RFC 6455, section 5.5

    private final Set<Session> open = new LinkedHashSet<>();
    private int code = CloseStatus.SHUTDOWN;
    private String reason = "shutting down";
    private @Nullable Duration closeOver;
    private boolean draining;
    private int told;

    void closeWith(int closeCode, String closeReason) {
        if (!CloseStatus.isTransmittableStatusCode(closeCode)) {
            throw new IllegalArgumentException(
                    "close code: " + closeCode + " (expected: one that may be sent, such as 1001)");
        }
        int bytes = Objects.requireNonNull(closeReason, "reason").getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_REASON_BYTES) {
            throw new IllegalArgumentException("close reason: " + bytes + " bytes (expected: at most 123)");
        }
        code = closeCode;
        reason = closeReason;
    }

    /** Hears of sessions from now on, and knows of those that are open. */
    void listenTo(ServerWebSocketContainer container) {
        container.addSessionListener(this);
        container.getOpenSessions().forEach(this::onWebSocketSessionOpened);
    }

    void closeOver(Duration time) {
        closeOver = time;
    }

    @Override
    public void onWebSocketSessionOpened(Session session) {
        boolean late;
        synchronized (this) {
            open.add(session);
            late = draining;
        }
        if (late) {
            tell(session);
        }
    }

    @Override
    public synchronized void onWebSocketSessionClosed(Session session) {
        open.remove(session);
        notifyAll();
    }

    /** Tells all sessions, waits for their answers, and cuts those that do not answer in time. */
    void drain(ShutdownContext context) throws InterruptedException {
        List<Session> sessions = beginDraining();
        try {
            tellAll(sessions, spread(context, sessions.size()));
            awaitAnswers(sessions.isEmpty() ? Duration.ZERO : answerLimit(context));
        } finally {
            cut(context);
        }
    }

    private synchronized List<Session> beginDraining() {
        draining = true;
        return List.copyOf(open);
    }

    private Duration spread(ShutdownContext context, int sessions) {
        Duration most = context.remaining().multipliedBy(8).dividedBy(10); // all are told, whatever was asked for
        return closeOver != null
                ? shortest(closeOver, most)
                : shortest(context.remaining().dividedBy(5), LONGEST_SPREAD, PACE.multipliedBy(sessions));
    }

    // Ends before the step is interrupted, so that to cut a dead peer is an orderly end.
    private static Duration answerLimit(ShutdownContext context) {
        return shortest(context.remaining().multipliedBy(9).dividedBy(10), ANSWER_LIMIT);
    }

    private static Duration shortest(Duration... durations) {
        return Collections.min(List.of(durations));
    }

    private void tellAll(List<Session> sessions, Duration time) throws InterruptedException {
        long start = System.nanoTime();
        int told = 0;
        try {
            for (Session session : sessions) {
                awaitGone(start + time.toNanos() / sessions.size() * told);
                tell(session);
                told++;
            }
        } finally { // interrupted: then without a pause, but all
            sessions.subList(told, sessions.size()).forEach(this::tell);
        }
    }

    /** Waits for sessions whose upgrade was in flight when the drain began: told as they opened, they may still answer. */
    void awaitLate(Duration limit) throws InterruptedException {
        awaitAnswers(shortest(limit, LATE_LIMIT));
    }

    private void awaitAnswers(Duration limit) throws InterruptedException {
        awaitGone(System.nanoTime() + limit.toNanos());
    }

    /** Waits until no session is open or the time has come. */
    private synchronized void awaitGone(long until) throws InterruptedException {
        long left = until - System.nanoTime();
        while (!open.isEmpty() && left > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            left = until - System.nanoTime();
        }
    }

    private void tell(Session session) {
        synchronized (this) {
            told++;
        }
        ((WebSocketSession) session).getCoreSession().sendFrame(new CloseFrame(code, reason), Callback.NOOP, false);
    }

    private void cut(ShutdownContext context) {
        List<Session> silent;
        synchronized (this) {
            silent = List.copyOf(open);
            open.clear(); // cut is gone: nobody waits for these again
            if (told > 0) {
                context.note("WebSocket sessions: " + told + " told, " + (told - silent.size()) + " answered, "
                        + silent.size() + " cut");
            }
        }
        silent.forEach(Session::disconnect);
    }

    /**
     * A close frame that says its code to the peer and NORMAL to Jetty, which for any other code drops what is queued and
     * closes the connection without waiting for the peer: unread bytes then reset it, and the peer sees 1006.
     *
     * <p>Once it is written it is no close frame to Jetty any more, which would half-close the connection after it. Proxies (HAProxy,
     * nginx) close theirs to the peer then, and a peer that still writes is reset before it has read the frame: 1006 again. Jetty closes
     * the connection when the peer's answer comes.
     */
    private static final class CloseFrame extends Frame implements CloseStatus.Supplier {

        CloseFrame(int code, String reason) {
            super(OpCode.CLOSE, CloseStatus.asPayloadBuffer(code, reason));
        }

        @Override
        public byte getOpCode() {
            return hasPayload() ? super.getOpCode() : OpCode.PONG; // writing has taken the payload
        }

        @Override
        public CloseStatus getCloseStatus() {
            return CloseStatus.NORMAL_STATUS;
        }
    }
}
