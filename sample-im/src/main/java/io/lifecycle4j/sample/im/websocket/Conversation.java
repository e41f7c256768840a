package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.cli.ClientLimits;
import io.lifecycle4j.sample.im.mongo.ReadReceipts;
import io.lifecycle4j.sample.im.protocol.BadFrameException;
import io.lifecycle4j.sample.im.protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What one client asks for, frame by frame, and what it is answered. Frames come one after another. */
final class Conversation {
    static final Duration RETRY = Duration.ofSeconds(1);
    private static final AtomicLong SESSIONS = new AtomicLong();

    private final Client client;
    private final Tokens tokens;
    private final ClientRooms rooms;
    private final ClientSends sends;
    private final ReadReceipts receipts;
    private volatile @Nullable String user; // set once, by hello

    Conversation(Client client, Tokens tokens, ClientRooms rooms, ClientSends sends, ReadReceipts receipts) {
        this.client = client;
        this.tokens = tokens;
        this.rooms = rooms;
        this.sends = sends;
        this.receipts = receipts;
    }

    /** Whether the client has said who it is. */
    boolean isGreeted() {
        return user != null;
    }

    /** Answers one frame; throws if the connection is to be closed for it. */
    void receive(String text) {
        ClientFrame frame = Json.clientFrame(text);
        String speaker = user;
        if (frame instanceof ClientFrame.Hello != (speaker == null)) {
            throw new BadFrameException("the first frame is hello, and no other");
        }
        if (frame instanceof ClientFrame.Hello hello) {
            greet(hello);
        } else if (frame instanceof ClientFrame.Join join) {
            rooms.join(join, speaker);
        } else if (frame instanceof ClientFrame.Leave leave) {
            rooms.leave(leave);
        } else if (frame instanceof ClientFrame.Send send) {
            sends.accept(send, speaker, rooms.joined(send.room()));
        } else if (frame instanceof ClientFrame.History history) {
            rooms.history(history);
        } else if (frame instanceof ClientFrame.Typing typing) {
            rooms.typing(typing.room());
        } else if (frame instanceof ClientFrame.Wrong wrong) {
            client.send(new ServerFrame.Problem(wrong.id(), Declined.BAD_FRAME, wrong.problem(), RETRY));
        } else if (frame instanceof ClientFrame.Received received
                && received.seq() > 0
                && rooms.seen(received.room(), received.seq())) {
            receipts.received(speaker, received.room(), received.seq());
        } // a pong needs no answer, nor does a receipt for a room that was not joined
    }

    private void greet(ClientFrame.Hello hello) {
        String known = tokens.user(hello.token());
        if (known == null) {
            client.close(CloseCode.BAD_TOKEN, "bad token");
            return;
        }
        user = known; // before the welcome, which the heartbeat must not take for late
        ClientLimits limits = client.limits();
        client.send(new ServerFrame.Welcome(
                hello.id(),
                Node.NAME + "-" + SESSIONS.incrementAndGet(),
                known,
                Node.NAME,
                limits.heartbeat.toMillis(),
                new ServerFrame.Limits(
                        ClientLimits.TEXT_BYTES, limits.frameBytes, limits.rooms, limits.sendRate, limits.frameRate)));
    }

    /** The connection has ended. */
    void end() {
        rooms.leaveAll();
    }
}
