package io.lifecycle4j.sample.im.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.ServerAddress;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.sample.im.embedded.EmbeddedMongo;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * Where the tests' database is: at the MongoDB of {@code -Dim.mongo-uri}, else in an embedded server. Each folder stands for a
 * database of its own, which is there again when its folder is opened again; those of the MongoDB are dropped when the JVM ends.
 */
public final class TestMongo implements AutoCloseable {
    private static final String GIVEN = System.getProperty("im.mongo-uri", "");
    private static final Pattern FORM = Pattern.compile("(mongodb[^/]*//(?:[^/@]*@)?)([^/?]+)/?[^?]*\\??(.*)");
    private static final Set<String> TO_DROP = ConcurrentHashMap.newKeySet();

    static {
        if (isReal()) {
            Runtime.getRuntime().addShutdownHook(new Thread(TestMongo::drop));
        } else {
            System.out.println("No -Dim.mongo-uri: the tests' database is the embedded server");
        }
    }

    private final @Nullable EmbeddedMongo embedded;
    private final String database;

    private TestMongo(Path folder, @Nullable EmbeddedMongo embedded) {
        this.embedded = embedded;
        this.database = "im-test-" + UUID.nameUUIDFromBytes(folder.toString().getBytes(StandardCharsets.UTF_8));
    }

    public static boolean isReal() {
        return !GIVEN.isEmpty();
    }

    /** Skips a test that needs the embedded server. */
    public static void assumeEmbedded(String why) {
        Assumptions.assumeFalse(isReal(), why);
    }

    public static TestMongo open(Path folder) throws AppStartException {
        return isReal() ? real(folder) : new TestMongo(folder, EmbeddedMongo.open(folder));
    }

    /** The database at the MongoDB that is given. */
    public static TestMongo real(Path folder) {
        TestMongo real = new TestMongo(folder, null);
        TO_DROP.add(real.database);
        return real;
    }

    /** A MongoDB is so in any case. */
    public TestMongo forSeveralNodes() {
        if (embedded != null) {
            embedded.forSeveralNodes();
        }
        return this;
    }

    public Durability durability() {
        return embedded == null ? Durability.BY_WRITE_CONCERN : embedded::sync;
    }

    /** For tests that kill the server. */
    EmbeddedMongo embedded() {
        assumeEmbedded("a MongoDB that is given is not killed");
        return Objects.requireNonNull(embedded);
    }

    /** The connection string; options are such as {@code timeoutMS=1000}, or empty. */
    public String uri(String options) {
        return uri("$2", options);
    }

    /** The connection string that leads through a proxy, to the first of the servers. */
    public String uri(FreezableProxy proxy, String options) {
        ServerAddress server =
                new ServerAddress(new ConnectionString(given()).getHosts().get(0));
        proxy.forwardTo(server.getHost(), server.getPort());
        return uri("127.0.0.1:" + proxy.port(), "directConnection=true&" + options);
    }

    private String uri(String hosts, String options) {
        return FORM.matcher(given()).replaceFirst("$1" + hosts + "/" + database + "?$3&" + options);
    }

    private String given() {
        return embedded == null ? GIVEN : embedded.connectionString();
    }

    private static void drop() {
        try (MongoClient client = MongoClients.create(GIVEN)) {
            TO_DROP.forEach(name -> client.getDatabase(name).drop());
        }
    }

    @Override
    public void close() {
        if (embedded != null) {
            embedded.close();
        }
    }
}
