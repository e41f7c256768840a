package io.lifecycle4j.sample.im.websocket;

import com.fasterxml.jackson.databind.JsonNode;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.chat.MessageStore.Draft;
import io.lifecycle4j.sample.im.chat.MessageStore.Stored;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The messages of one client: acknowledged when they are stored, never before; counted in flight until their room has been told. */
final class ClientSends {
    private static final Logger LOG = LoggerFactory.getLogger(ClientSends.class);

    private final Client client;
    private final Rooms rooms;
    private final RequestGate gate;
    private final ImMetrics metrics;
    private final TokenBucket rate;

    /**
     * @param gate counts messages on open sockets as the gate of a server counts requests
     */
    ClientSends(Client client, Rooms rooms, RequestGate gate, ImMetrics metrics) {
        this.client = client;
        this.rooms = rooms;
        this.gate = gate;
        this.metrics = metrics;
        this.rate = TokenBucket.of(client.limits().sendRate);
    }

    /**
     * Takes a message, or declines it.
     *
     * @param room as its members know it; null if the client is not in the room
     */
    void accept(ClientFrame.Send frame, String speaker, @Nullable String room) {
        if (!rate.tryTake()) {
            nack(frame.id(), frame.cid(), Declined.RATE, rate.untilNext());
        } else if (room == null || frame.text().isBlank()) {
            nack(frame.id(), frame.cid(), Declined.FORBIDDEN, Duration.ZERO);
        } else if (frame.text().getBytes(StandardCharsets.UTF_8).length > ClientLimits.TEXT_BYTES) {
            nack(frame.id(), frame.cid(), Declined.TOO_LARGE, Duration.ZERO);
        } else if (!gate.tryEnter()) {
            nack(frame.id(), frame.cid(), Declined.DRAINING, Conversation.RETRY);
        } else {
            store(frame.id(), new Draft(room, speaker, frame.cid(), frame.text()));
        }
    }

    private void store(@Nullable JsonNode id, Draft draft) {
        long start = System.nanoTime();
        client.pendingSends().incrementAndGet();
        metrics.accepted();
        var unused = rooms.say(draft, (stored, failure) -> {
                    if (stored != null) {
                        acknowledge(id, stored, start);
                    } else {
                        LOG.debug("A message was not stored", failure);
                        nack(id, draft.clientId(), Declined.STORE, Conversation.RETRY);
                    }
                })
                .whenComplete((told, failure) -> {
                    client.pendingSends().decrementAndGet();
                    gate.leave();
                    client.relieve();
                });
    }

    private void acknowledge(@Nullable JsonNode id, Stored stored, long start) {
        ChatMessage message = stored.message();
        metrics.acknowledged(Duration.ofNanos(System.nanoTime() - start), stored.duplicate());
        client.send(new ServerFrame.Ack(
                id,
                message.room(),
                message.clientId(),
                message.seq(),
                message.id(),
                message.createdAt().toEpochMilli(),
                stored.duplicate()));
    }

    private void nack(@Nullable JsonNode id, String clientId, Declined code, Duration retry) {
        client.send(new ServerFrame.Nack(id, clientId, code, retry));
    }
}
