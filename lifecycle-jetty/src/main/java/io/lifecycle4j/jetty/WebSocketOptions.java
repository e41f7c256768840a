package io.lifecycle4j.jetty;

import io.lifecycle4j.ShutdownCallback;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Sets how a {@link JettyServer} closes its WebSocket sessions, whichever API they belong to. Not thread-safe; the options are fixed when
 * {@link JettyServer#webSocket} returns.
 *
 * @since 0.1
 */
public final class WebSocketOptions {
    int closeCode = 1001;
    String closeReason = "shutting down";

    @Nullable
    Duration closeOver;

    ShutdownCallback beforeClose = context -> {};
    private boolean complete;

    WebSocketOptions() {}

    /**
     * Sets the close code and reason; default 1001 and "shutting down". Returns this.
     *
     * @param code 1001 (going away), 1012 (service restart) or another that RFC 6455, section 7.4 lets an endpoint send
     * @param reason 123 bytes of UTF-8 at the most
     */
    public WebSocketOptions closeCode(int code, String reason) {
        check();
        CloseCodes.check(code, reason);
        closeCode = code;
        closeReason = reason;
        return this;
    }

    /**
     * Spreads the close frames over a time, so that clients do not all come back at once; default 1 ms for each session, at most 2 s
     * and at most a fifth of the drain's limit. Returns this.
     *
     * @param time zero or more, at most 365 days; of the drain's limit, at most four fifths are used
     */
    public WebSocketOptions closeOver(Duration time) {
        check();
        closeOver = Checks.time("closeOver", time);
        return this;
    }

    /**
     * Sets a callback that runs after the gate has closed and before the first session is told: to send the clients a last message, or to
     * acknowledge messages that were accepted. What it sends is written before the close frames. It shares the drain's limit
     * with them; if it throws, the sessions are closed all the same. Returns this.
     */
    public WebSocketOptions beforeClose(ShutdownCallback callback) {
        check();
        beforeClose = Checks.notNull("callback", callback);
        return this;
    }

    void complete() {
        complete = true;
    }

    private void check() {
        if (complete) {
            throw new IllegalStateException(
                    "WebSocket options are set already; set them within JettyServer.webSocket(...)");
        }
    }
}
