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
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The messages of one client: acknowledged when they are stored, never before; counted in flight until their room has been told. */
final class ClientSends {
    private static final Logger LOG = LoggerFactory.getLogger(ClientSends.class);

    // Blanks of any kind, what only formats, and the letters that look empty: the fillers of Hangul and of Braille.
    private static final Pattern UNSEEN =
            Pattern.compile("[\\p{IsWhite_Space}\\p{Z}\\p{Cf}\\x1C-\\x1F\\u115F\\u1160\\u2800\\u3164\\uFFA0]*+");

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
        int bytes = frame.text().getBytes(StandardCharsets.UTF_8).length;
        if (!rate.tryTake()) {
            nack(
                    frame,
                    Declined.RATE,
                    "more than " + client.limits().sendRate + " messages a second",
                    rate.untilNext());
        } else if (room == null) {
            nack(
                    frame,
                    Declined.FORBIDDEN,
                    "room: '" + frame.room() + "' (expected: one that was joined)",
                    Duration.ZERO);
        } else if (UNSEEN.matcher(frame.text()).matches()) {
            nack(frame, Declined.FORBIDDEN, "text: nothing to see (expected: a visible character)", Duration.ZERO);
        } else if (bytes > ClientLimits.TEXT_BYTES) {
            String message = "text: " + bytes + " bytes (expected: at most " + ClientLimits.TEXT_BYTES + ")";
            nack(frame, Declined.TOO_LARGE, message, Duration.ZERO);
        } else if (!gate.tryEnter()) {
            nack(frame, Declined.DRAINING, "the server is stopping; send it after the reconnect", Conversation.RETRY);
        } else {
            store(frame, new Draft(room, speaker, frame.cid(), frame.text()));
        }
    }

    private void store(ClientFrame.Send frame, Draft draft) {
        long start = System.nanoTime();
        client.pendingSends().incrementAndGet();
        metrics.accepted();
        var unused = rooms.say(draft, (stored, failure) -> {
                    if (stored != null) {
                        acknowledge(frame.id(), stored, start);
                    } else {
                        LOG.debug("A message was not stored", failure);
                        nack(frame, Declined.STORE, Protocol.NO_DATABASE, Conversation.RETRY);
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

    private void nack(ClientFrame.Send frame, Declined code, String message, Duration retry) {
        client.send(new ServerFrame.Nack(frame.id(), frame.cid(), code, message, retry));
    }
}
