package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.protocol.BadFrameException;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import java.nio.ByteBuffer;
import java.util.Set;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection, as Jetty tells of it: frames come one after another, on Jetty's threads, and the next one when it is asked for.
 * It is public because Jetty must be able to call it.
 */
public final class ChatSession implements Session.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(ChatSession.class);

    private final Client client;
    private final Liveness liveness;
    private final FlowControl flow;
    private final Conversation conversation;
    private final ImMetrics metrics;
    private final Set<ChatSession> open;

    /**
     * @param open has this session from the open to the close of its connection
     */
    ChatSession(Client client, Conversation conversation, ImMetrics metrics, Set<ChatSession> open) {
        this.client = client;
        this.conversation = conversation;
        this.metrics = metrics;
        this.open = open;
        this.liveness = new Liveness(client, conversation::isGreeted, metrics);
        this.flow = new FlowControl(client, liveness);
        client.whenRelieved(flow::resume);
    }

    Client client() {
        return client;
    }

    public SendQueue queue() {
        return client.queue();
    }

    /** As {@link Liveness#roundTripNanos}. */
    public long roundTripNanos() {
        return liveness.roundTripNanos();
    }

    @Override
    public void onWebSocketOpen(Session opened) {
        client.opened(opened);
        open.add(this);
        client.demand();
    }

    @Override
    public void onWebSocketText(String text) {
        liveness.heard();
        if (client.isClosed()) {
            client.demand(); // until its close comes
            return;
        }
        metrics.received();
        if (!flow.tryTake()) {
            client.close(CloseCode.RATE, "more than " + client.limits().frameRate + " frames a second");
        } else {
            receive(text);
        }
        flow.readOn();
    }

    private void receive(String text) {
        try {
            conversation.receive(text);
        } catch (BadFrameException e) {
            client.close(CloseCode.PROTOCOL, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        callback.succeed();
        client.close(CloseCode.PROTOCOL, "a binary frame (expected: one JSON object as text)");
        client.demand();
    }

    @Override
    public void onWebSocketPong(ByteBuffer payload) {
        liveness.pong(payload);
        client.demand();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        LOG.debug("A client's connection broke: {}", cause.toString());
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
        client.ended();
        conversation.end();
        open.remove(this);
        callback.succeed();
    }

    /** Looks after this connection; called again and again, never blocks. */
    void tick(long now) {
        liveness.tick(now, !flow.isPaused());
    }
}
