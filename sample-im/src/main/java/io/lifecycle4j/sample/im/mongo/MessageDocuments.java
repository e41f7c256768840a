package io.lifecycle4j.sample.im.mongo;

import com.mongodb.MongoBulkWriteException;
import com.mongodb.ReadConcern;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bson.Document;
import org.jspecify.annotations.Nullable;

/**
 * The documents of messages and heads in MongoDB. Every query is by the whole key of a unique index, which is fast on a
 * real deployment and on the embedded server, where anything else scans. Sequences have no gap, so a range of them is a
 * list of ids, and "does it exist" tells which side of the head a sequence is on. Throws the driver's exceptions.
 * Thread-safe.
 */
public final class MessageDocuments {
    public static final String COLLECTION = "messages";

    private static final Document ID_ONLY = new Document("_id", 1);
    private static final int LEAPS = 20; // up to half a million messages further in one query

    private final MongoCollection<Document> messages;
    private final MongoCollection<Document> newest;
    private final MongoCollection<Document> rooms;

    public MessageDocuments(MongoDatabase database) {
        messages = database.getCollection(COLLECTION);
        // A writer must see what is not yet durable too, else it would take a number that is taken.
        newest = messages.withReadConcern(ReadConcern.LOCAL);
        rooms = database.getCollection("rooms").withReadConcern(ReadConcern.LOCAL);
    }

    /** The durable messages with these ids, by their id. */
    public Map<String, ChatMessage> read(Collection<String> ids) {
        Map<String, ChatMessage> found = new HashMap<>();
        for (Document document : messages.find(in(ids))) {
            found.put(document.getString("_id"), message(document));
        }
        return found;
    }

    /** The message a user sent with this id of their own, or null. */
    @Nullable
    public ChatMessage sent(String user, String clientId) {
        Document found = newest.find(new Document("user_id", user).append("client_msg_id", clientId))
                .first();
        return found == null ? null : message(found);
    }

    /** The highest sequence in a room, durable or not yet; 0 if there is none. */
    public long newestHead(String room, long atLeast) {
        return head(newest, room, atLeast);
    }

    /** The highest durable sequence in a room; 0 if there is none. */
    public long durableHead(String room, long atLeast) {
        return head(messages, room, atLeast);
    }

    /** Stores messages in their order, and nothing behind the first that is refused. */
    public void insert(List<ChatMessage> ordered) {
        messages.insertMany(ordered.stream().map(MessageDocuments::document).toList());
    }

    /** Notes how far the rooms have got at least, so that a restart need not search far; never lowers a head. */
    public void saveHeads(Map<String, Long> heads) {
        List<UpdateOneModel<Document>> updates = new ArrayList<>(heads.size());
        heads.forEach((room, head) -> updates.add(new UpdateOneModel<>(
                new Document("_id", room),
                new Document("$max", new Document("head", head)),
                new UpdateOptions().upsert(true))));
        try {
            rooms.bulkWrite(updates, new BulkWriteOptions().ordered(false));
        } catch (MongoBulkWriteException e) {
            if (e.getWriteConcernError() != null) {
                throw e;
            }
            // Another node may have created the same room's document in this instant; heads are hints anyway.
        }
    }

    /** The noted head is behind the messages, never ahead: leaps from it to the last, each time at least half the way. */
    private long head(MongoCollection<Document> collection, String room, long atLeast) {
        long head = atLeast > 0 ? atLeast : savedHead(room);
        while (true) {
            long start = head;
            List<String> leaps = LongStream.range(0, LEAPS)
                    .mapToObj(power -> ChatMessage.id(room, start + (1L << power)))
                    .toList();
            for (Document found : collection.find(in(leaps)).projection(ID_ONLY)) {
                String id = found.getString("_id");
                head = Math.max(head, Long.parseLong(id.substring(id.lastIndexOf('/') + 1)));
            }
            if (head == start) {
                return head;
            }
        }
    }

    private long savedHead(String room) {
        Document found = rooms.find(new Document("_id", room)).first();
        return found == null ? 0 : found.getLong("head");
    }

    private static Document in(Collection<String> ids) {
        return new Document("_id", new Document("$in", ids));
    }

    private static Document document(ChatMessage message) {
        return new Document("_id", message.id())
                .append("room_id", message.room())
                .append("seq", message.seq())
                .append("user_id", message.user())
                .append("client_msg_id", message.clientId())
                .append("text", message.text())
                .append("created_at", Date.from(message.createdAt()));
    }

    private static ChatMessage message(Document document) {
        return new ChatMessage(
                document.getString("room_id"),
                document.getLong("seq"),
                document.getString("user_id"),
                document.getString("client_msg_id"),
                document.getString("text"),
                document.getDate("created_at").toInstant());
    }
}
