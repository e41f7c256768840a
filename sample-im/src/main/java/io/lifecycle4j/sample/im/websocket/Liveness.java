package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether one client still lives: it is pinged, and cut if nothing is heard of it. Thread-safe. */
final class Liveness {
    private static final Logger LOG = LoggerFactory.getLogger(Liveness.class);

    private final Client client;
    private final BooleanSupplier greeted;
    private final ImMetrics metrics;
    private final long openedAt = System.nanoTime();
    private volatile long heardAt = openedAt;
    private volatile long pingedAt = openedAt;
    private volatile long roundTripNanos;

    /**
     * @param greeted whether the client has said who it is
     */
    Liveness(Client client, BooleanSupplier greeted, ImMetrics metrics) {
        this.client = client;
        this.greeted = greeted;
        this.metrics = metrics;
    }

    /** Notes a sign of life, or the end of a pause in which we did not read the client. */
    void heard() {
        heardAt = System.nanoTime();
    }

    void pong(ByteBuffer payload) {
        heard();
        long sent = payload.remaining() == Long.BYTES ? payload.getLong() : 0;
        if (sent == pingedAt) {
            roundTripNanos = Math.max(1, System.nanoTime() - sent);
            metrics.roundTrip(Duration.ofNanos(roundTripNanos));
        }
    }

    /** How long the last answered ping took, in nanoseconds; 0 before the first answer. */
    long roundTripNanos() {
        return roundTripNanos;
    }

    /**
     * To be called again and again; never blocks.
     *
     * @param listening whether the client's frames are read, so that silence means something
     */
    void tick(long now, boolean listening) {
        ClientLimits limits = client.limits();
        if (client.isClosed()) {
            client.cutIfOverdue(now);
        } else if (!greeted.getAsBoolean() && now - openedAt > limits.helloLimit.toNanos()) {
            client.close(CloseCode.PROTOCOL, "no hello within " + limits.helloLimit.toSeconds() + " s");
        } else if (client.queue().isStuck(limits.readLimit)) {
            client.close(CloseCode.OVERLOAD, "slow reader");
        } else if (listening && now - heardAt > limits.silenceLimit().toNanos()) {
            LOG.debug(
                    "A client is cut: no sign of life within {} ms",
                    limits.silenceLimit().toMillis());
            metrics.deadPeer();
            client.cut();
        } else if (now - pingedAt > limits.heartbeat.toNanos()) {
            ping(now);
        }
    }

    /** Pings twice: the browser answers the WebSocket's ping by itself, and its page sees only the frame. */
    private void ping(long now) {
        pingedAt = now;
        client.ping(ByteBuffer.allocate(Long.BYTES).putLong(now).flip());
        if (greeted.getAsBoolean()) {
            client.send(new ServerFrame.Ping());
        }
    }
}
