package io.lifecycle4j.jetty;

import io.lifecycle4j.ShutdownCallback;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link JettyServer} takes leave of its WebSocket sessions, of whatever API they are. Not thread-safe; what is set when {@link
 * JettyServer#webSocket} returns is what holds.
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
     * Spreads the close of the sessions over a time, so that clients do not all come back at once; default 1 ms for each session, but
     * at most a fifth of the drain's limit, and 2 s. Returns this.
     *
     * @param time zero or more, at most 365 days; never more than four fifths of the drain's limit are used
     */
    public WebSocketOptions closeOver(Duration time) {
        check();
        closeOver = Checks.time("closeOver", time);
        return this;
    }

    /**
     * Sets what is done when the gate has closed and before the first session is told: say goodbye to the clients, let accepted
     * messages be acknowledged. What it sends is written before the close frames. It shares the drain's limit with them; if it throws,
     * the sessions are closed all the same. Returns this.
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
