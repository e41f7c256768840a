package io.lifecycle4j.sample.im.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.FindOneAndUpdateOptions;
import com.mongodb.client.model.ReturnDocument;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Objects;
import org.bson.Document;

/** What is drawn by lot once for a database and kept in it, so that it outlives restarts and is the same at every node. */
public final class Settings {
    private static final int KEY_BYTES = 32;
    private static final int EPOCH_BYTES = 9;

    private final MongoCollection<Document> settings;

    public Settings(MongoDatabase database) {
        settings = database.getCollection("settings");
    }

    /** The secret that tokens are signed with. */
    public byte[] tokenKey() {
        return Base64.getDecoder().decode(once("token-key", "key", random(KEY_BYTES, Base64.getEncoder())));
    }

    /** The name of this database's history: another database has another one. */
    public String epoch() {
        return once("epoch", "name", random(EPOCH_BYTES, Base64.getUrlEncoder()));
    }

    /** Whichever node comes first has drawn it for all. */
    private String once(String id, String field, String fresh) {
        Document stored = settings.findOneAndUpdate(
                new Document("_id", id),
                new Document("$setOnInsert", new Document(field, fresh)),
                new FindOneAndUpdateOptions().upsert(true).returnDocument(ReturnDocument.AFTER));
        return Objects.requireNonNull(stored, id).getString(field);
    }

    private static String random(int count, Base64.Encoder encoder) {
        byte[] bytes = new byte[count];
        new SecureRandom().nextBytes(bytes);
        return encoder.encodeToString(bytes);
    }
}
