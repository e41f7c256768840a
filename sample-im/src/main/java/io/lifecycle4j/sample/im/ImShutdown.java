package io.lifecycle4j.sample.im;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.sample.im.chat.MessageStore;
import io.lifecycle4j.sample.im.cli.ImOptions;
import io.lifecycle4j.sample.im.cli.Stopping;
import io.lifecycle4j.sample.im.http.ChatApi;
import io.lifecycle4j.sample.im.mongo.ReadReceipts;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import io.lifecycle4j.sample.im.websocket.ChatSessions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * The chat's shutdown, phase by phase. Each has a limit, so that whatever hangs costs the others nothing.
 *
 * <ol>
 *   <li>ANNOUNCE: {@code /readyz} turns red; everything is still served for {@code --announce-delay}.
 *   <li>DRAIN: new requests get 503 (on an inherited socket they wait for the next process), new messages {@code nack draining}; {@link #drain}.
 *   <li>STOP: the servers <em>business</em> and <em>admin</em> close their ports.
 *   <li>CALLBACKS: what was written behind is written; {@link #flush}.
 *   <li>RELEASE: what {@link ImServer} opened is closed, the last first: sessions' threads, MongoDB's client, the embedded server.
 * </ol>
 */
final class ImShutdown {
    private final Stopping options;
    private final List<String> origins;
    private final ChatSessions sessions;
    private final MessageStore store;
    private final ReadReceipts receipts;
    private final boolean handedOver; // the listening socket, to the next process

    ImShutdown(ImOptions options, ChatSessions sessions, MessageStore store, ReadReceipts receipts) throws IOException {
        this.options = options.stopping;
        this.origins = options.serving.origins;
        this.sessions = sessions;
        this.store = store;
        this.receipts = receipts;
        this.handedOver = System.inheritedChannel() != null;
    }

    /** How long each phase may take; {@code --shutdown-timeout} is for all of it. */
    static void limits(AppBuilder app, Stopping options) throws AppStartException {
        app.limitsFromEnvironment() // for those without a flag, such as LIFECYCLE4J_START_TIMEOUT
                .shutdownTimeout(options.shutdownTimeout)
                .announceDelay(options.announceDelay)
                .drainTimeout(options.drainTimeout)
                .callbackTimeout(options.callbackTimeout);
    }

    /** Has {@link #drain} and {@link #flush} called in their phases. */
    JettyServer register(AppBuilder app, JettyServer business) {
        business.inheritedSocket()
                .drainPolicy(DrainPolicy.STOP_ACCEPTING)
                .rejectWith(ChatApi.rejectionReadableBy(origins))
                .exempt(ChatApi::isServedToTheEnd)
                .webSocket(ws -> ws.closeCode(closeCode().number(), leaving()).beforeClose(this::drain));
        app.onShutdown("flush-receipts", this::flush);
        return app.server(business);
    }

    /** DRAIN: each client is told, each accepted message is answered, and only then are the sessions closed. */
    private void drain(ShutdownContext context) throws InterruptedException {
        // A farewell of your own goes here, by sessions.tellAll(frame): each client that reads gets what is sent before
        // handOver(), and its close frame comes after it.
        sessions.goingAway(leaving(), handedOver, context.remaining());
        // Messages on their way to the database are stored, then acknowledged by the stages that wait for them.
        store.finish(halfOf(context.remaining()));
        // Jetty is given all that is queued; it writes that, then the close frames: 1012 or 1001, at a pace.
        sessions.handOver();
    }

    /** CALLBACKS: read receipts, which are written behind, are stored. */
    private void flush(ShutdownContext context) throws InterruptedException {
        receipts.flush(context.remaining());
    }

    private static Duration halfOf(Duration remaining) {
        return remaining.dividedBy(2); // the other half is for the sessions
    }

    private String leaving() {
        return options.leaving.name().toLowerCase(Locale.ROOT);
    }

    private CloseCode closeCode() {
        return switch (options.leaving) {
            case RESTART -> CloseCode.RESTART; // the clients are to come back, here or at another node
            case SHUTDOWN -> CloseCode.SHUTDOWN;
        };
    }
}
