package io.lifecycle4j.sample.im.websocket;

import com.fasterxml.jackson.databind.JsonNode;
import io.lifecycle4j.sample.im.chat.Joining;
import io.lifecycle4j.sample.im.chat.Membership;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.ClientFrame.After;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rooms that one client is in, and what it reads of them. */
final class ClientRooms {
    private static final Logger LOG = LoggerFactory.getLogger(ClientRooms.class);
    private static final Pattern ROOM = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}");
    private static final int MOST_READINGS = 3;

    private final Client client;
    private final Rooms rooms;
    private final String epoch;
    private final ConcurrentMap<String, Membership> memberships = new ConcurrentHashMap<>();

    /**
     * @param epoch the name of the history; a sequence means nothing in another history
     */
    ClientRooms(Client client, Rooms rooms, String epoch) {
        this.client = client;
        this.rooms = rooms;
        this.epoch = epoch;
    }

    /** Returns the room's name, as the one string that all its messages share; null if the client is not in it. */
    @Nullable
    String joined(String name) {
        Membership membership = memberships.get(name);
        return membership == null ? null : membership.room().name();
    }

    void join(ClientFrame.Join frame, String user) {
        String name = frame.room();
        if (!ROOM.matcher(name).matches()) {
            decline(
                    frame.id(),
                    Declined.FORBIDDEN,
                    "room: '" + name + "' (expected: letters, digits, or . _ - inside)");
            return;
        }
        leave(name); // joins again, perhaps
        if (memberships.size() >= client.limits().rooms) {
            decline(frame.id(), Declined.TOO_MANY_ROOMS, "in " + memberships.size() + " rooms already");
            return;
        }
        boolean joined = false;
        try {
            for (int reading = 0; reading < MOST_READINGS && !joined; reading++) {
                joined = tryJoin(frame, user);
            }
        } catch (StoreException e) {
            LOG.debug("A room was not joined", e);
        }
        if (!joined) {
            leave(name);
            decline(frame.id(), Declined.STORE, Protocol.NO_DATABASE);
        } else if (client.isClosed()) { // meanwhile, and perhaps too early for leaveAll to find the room
            leave(name);
        } else {
            rooms.tellNews(name);
        }
    }

    /** Returns false if what was said meanwhile does not follow on the history that was read: it is to be read again. */
    private boolean tryJoin(ClientFrame.Join frame, String user) {
        String name = frame.room();
        leave(name);
        Membership membership = rooms.enter(name, user, client::push, client::sendAway);
        memberships.put(name, membership);
        After after = frame.after();
        boolean sameHistory = after != null && after.epoch().equals(epoch);
        Joining joining = rooms.joining(name, sameHistory, after == null ? 0 : after.seq());
        Page page = joining.page();
        ServerFrame joined = new ServerFrame.Joined(
                frame.id(),
                name,
                epoch,
                page.head(),
                joining.recovered(),
                page.more(),
                ServerFrame.Item.of(page.messages()));
        return membership.begin(page.head(), Json.encode(joined));
    }

    void leave(ClientFrame.Leave frame) {
        leave(frame.room());
        client.send(new ServerFrame.Left(frame.id(), frame.room()));
    }

    void typing(String room) {
        Membership membership = memberships.get(room);
        if (membership != null) {
            membership.typing();
        }
    }

    /** Returns false if the client is not in the room. */
    boolean seen(String room, long seq) {
        Membership membership = memberships.get(room);
        if (membership != null) {
            membership.seen(seq);
        }
        return membership != null;
    }

    void history(ClientFrame.History frame) {
        try {
            Page page = rooms.history(frame.room(), frame.before(), frame.limit());
            client.send(new ServerFrame.History(
                    frame.id(), frame.room(), page.more(), ServerFrame.Item.of(page.messages())));
        } catch (StoreException e) {
            decline(frame.id(), Declined.STORE, Protocol.NO_DATABASE);
        }
    }

    private void decline(@Nullable JsonNode id, Declined code, String message) {
        client.send(new ServerFrame.Problem(id, code, message, Conversation.RETRY));
    }

    private void leave(String name) {
        Membership membership = memberships.remove(name);
        if (membership != null) {
            rooms.leave(membership);
        }
    }

    void leaveAll() {
        memberships.keySet().forEach(this::leave);
    }
}
