package io.lifecycle4j.sample.im.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.MongoException;
import com.mongodb.MongoInterruptedException;
import com.mongodb.MongoSecurityException;
import com.mongodb.ReadConcern;
import com.mongodb.ReadPreference;
import com.mongodb.ServerAddress;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.IndexModel;
import com.mongodb.client.model.IndexOptions;
import io.lifecycle4j.AppStartException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.bson.Document;

/**
 * The client of one MongoDB, with a limit on everything that could wait. Messages name hosts, never the user or the
 * password of the connection string. Thread-safe.
 */
public final class MongoConnection implements AutoCloseable {
    /** What one operation may take, retries included, unless the connection string says otherwise. */
    static final Duration OPERATION_LIMIT = Duration.ofSeconds(5);

    /** What is wrong with a connection string that cannot be read; it is not quoted, for it may hold a password. */
    public static final String EXPECTED = "no MongoDB connection string that can be used (expected:"
            + " mongodb://host:port/database, with user and password percent-encoded if there are any)";

    private static final Duration SELECTION_LIMIT = Duration.ofSeconds(2);
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
    private static final Duration INDEX_LIMIT =
            Duration.ofSeconds(60); // a first build over many messages takes its time
    private static final int POOL_MIN = 10;
    private static final int POOL_MAX = 100;

    private final MongoClient client;
    private final MongoDatabase database;
    private final String address;

    private MongoConnection(MongoClient client, String database, String address) {
        this.client = client;
        this.database = client.getDatabase(database);
        this.address = address;
    }

    /** Connects, pings and creates the indexes that are missing; the database is {@code im} unless the string names one. */
    public static MongoConnection open(String connectionString) throws AppStartException {
        ConnectionString parsed = parse(connectionString);
        String named = parsed.getDatabase();
        String address = parsed.getHosts().stream()
                .map(host -> new ServerAddress(host).toString())
                .collect(Collectors.joining(","));
        MongoClient client = MongoClients.create(settings(parsed));
        MongoConnection connection = new MongoConnection(client, named == null ? "im" : named, address);
        try {
            connection.ping(OPERATION_LIMIT);
            connection.createIndexes();
            return connection;
        } catch (MongoException e) {
            connection.close();
            throw connection.failedStart(e);
        }
    }

    private static ConnectionString parse(String connectionString) throws AppStartException {
        try {
            return new ConnectionString(connectionString);
        } catch (IllegalArgumentException | MongoException e) { // the driver's messages can quote the password
            throw new AppStartException("--mongo-uri is " + EXPECTED, null);
        }
    }

    private static MongoClientSettings settings(ConnectionString parsed) {
        Integer askedMax = parsed.getMaxConnectionPoolSize();
        int max = askedMax == null || askedMax == 0 ? POOL_MAX : askedMax; // 0 would mean no limit
        Integer askedMin = parsed.getMinConnectionPoolSize();
        int min = Math.min(askedMin == null ? POOL_MIN : askedMin, max);
        Long askedLimit = parsed.getTimeout();
        long limit = askedLimit == null || askedLimit <= 0 ? OPERATION_LIMIT.toMillis() : askedLimit; // 0: for ever
        return MongoClientSettings.builder()
                .applicationName("sample-im")
                .applyToClusterSettings(
                        cluster -> cluster.serverSelectionTimeout(SELECTION_LIMIT.toMillis(), TimeUnit.MILLISECONDS))
                .applyToSocketSettings(socket -> socket.connectTimeout(CONNECT_LIMIT.toMillis(), TimeUnit.MILLISECONDS))
                .applyToConnectionPoolSettings(
                        pool -> pool.maxWaitTime(SELECTION_LIMIT.toMillis(), TimeUnit.MILLISECONDS))
                .applyConnectionString(parsed) // what it sets wins over what is above
                .applyToConnectionPoolSettings(pool -> pool.minSize(min).maxSize(max))
                .timeout(limit, TimeUnit.MILLISECONDS)
                // The promise of an acknowledged message rests on these, so they are not the user's to change.
                .writeConcern(WriteConcern.MAJORITY.withJournal(true))
                .readConcern(ReadConcern.MAJORITY)
                .readPreference(ReadPreference.primary())
                .build();
    }

    /** The sample's database, every operation on it under the client-side limit. */
    public MongoDatabase database() {
        return database;
    }

    /** Host and port of each server of the connection string, separated by commas. */
    String address() {
        return address;
    }

    /** Asks the database for a sign of life; returns when it came, otherwise throws a {@link MongoException} within the limit. */
    void ping(Duration limit) {
        var unused = database.withTimeout(Math.max(1, limit.toMillis()), TimeUnit.MILLISECONDS)
                .runCommand(new Document("ping", 1));
    }

    /** Closes what is idle at once and what is in use when it is given back; does not wait. Flush before. */
    @Override
    public void close() {
        client.close();
    }

    private void createIndexes() {
        createIndexes(
                ReadReceipts.COLLECTION,
                List.of(index("room_seq_desc", new Document("room_id", 1).append("seq", -1), false)));
        createIndexes(
                MessageDocuments.COLLECTION,
                List.of(
                        index("room_created_desc", new Document("room_id", 1).append("created_at", -1), false),
                        index("user_created_desc", new Document("user_id", 1).append("created_at", -1), false),
                        index("created_at_desc", new Document("created_at", -1), false),
                        index("room_seq_unique", new Document("room_id", 1).append("seq", 1), true),
                        index("user_client_msg_unique", new Document("user_id", 1).append("client_msg_id", 1), true)));
    }

    private void createIndexes(String collection, List<IndexModel> indexes) {
        database.getCollection(collection)
                .withTimeout(INDEX_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .createIndexes(indexes);
    }

    private static IndexModel index(String name, Document keys, boolean unique) {
        return new IndexModel(keys, new IndexOptions().name(name).unique(unique));
    }

    /** Without a cause: the driver's own messages name the user. */
    private AppStartException failedStart(MongoException failure) {
        String server = "MongoDB at " + address;
        if (failure instanceof MongoSecurityException) {
            return new AppStartException(
                    server + " refuses the login; check user, password and authSource of --mongo-uri", null);
        }
        if (failure instanceof MongoInterruptedException) {
            return new AppStartException("interrupted while connecting to " + server, null);
        }
        if (failure instanceof MongoCommandException answer) {
            return new AppStartException(
                    server + " answers with error " + answer.getErrorCode() + " ("
                            + answer.getErrorCodeName() + ") to ping or to creating the indexes of database "
                            + database.getName() + "; check the rights of the user, and indexes of the same name",
                    null);
        }
        return new AppStartException(
                server + " does not answer; start it, or check host and port of --mongo-uri."
                        + " Without --mongo-uri an embedded one is used",
                null);
    }
}
