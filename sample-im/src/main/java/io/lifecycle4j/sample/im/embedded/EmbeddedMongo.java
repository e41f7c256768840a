package io.lifecycle4j.sample.im.embedded;

import de.bwaldvogel.mongo.MongoServer;
import io.lifecycle4j.AppStartException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * A MongoDB-compatible server inside this process, its data in memory and in a folder that its user alone can read: for
 * trying the sample out, not for production. What is written is durable after {@link #sync()} only. Close the clients
 * first. Thread-safe.
 */
public final class EmbeddedMongo implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final String DATABASE = "im";
    private static final int WORKERS = 0; // Netty's default

    final JournaledBackend backend; // for the tests
    private final MongoServer server;
    private final int port;

    private EmbeddedMongo(JournaledBackend backend, MongoServer server) {
        this.backend = backend;
        this.server = server;
        this.port = server.getLocalAddress().getPort();
    }

    /** Opens the folder, created if missing, and listens on a free port of the loopback interface. */
    public static EmbeddedMongo open(Path folder) throws AppStartException {
        return open(folder, 0);
    }

    /**
     * Opens the folder, created if missing, and listens on this port of the loopback interface; 0 means a free one. A
     * folder that is damaged or in use is refused.
     */
    public static EmbeddedMongo open(Path folder, int port) throws AppStartException {
        DataFolder data = new DataFolder(folder);
        data.prepare();
        JournaledBackend backend;
        try {
            backend = JournaledBackend.open(data);
        } catch (IOException e) {
            throw data.unusable("has files that cannot be used (" + e + ")");
        }
        MongoServer server = new MongoServer(backend);
        try {
            // One thread accepts: those that it would make besides are started at the end, to be stopped.
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1, WORKERS);
        } catch (Exception e) { // Netty throws BindException without declaring it
            server.shutdownNow();
            throw new AppStartException("the embedded MongoDB cannot listen on " + HOST + ":" + port + " ("
                    + e.getMessage() + "); stop what uses that port, or let a free one be chosen");
        }
        return new EmbeddedMongo(backend, server);
    }

    /**
     * Serves several nodes from now on: answers only when all that an answer can show is durable, as MongoDB does under write
     * concern majority with journal; and keeps the writes, in memory, for change streams.
     */
    public EmbeddedMongo forSeveralNodes() {
        server.enableOplog();
        backend.durableAnswers = true;
        return this;
    }

    /** The address for MongoDB's driver; holds no secret. */
    public String connectionString() {
        return "mongodb://" + HOST + ":" + port + "/" + DATABASE;
    }

    /** The port on which it listens. */
    public int port() {
        return port;
    }

    /**
     * Makes everything written before the call survive a kill of the process and a loss of power. Once that has failed, nothing
     * is answered any more.
     */
    public void sync() {
        backend.sync();
    }

    /** Cuts the clients off and closes the files; called again, it does nothing. Nothing that was synced depends on it. */
    @Override
    public void close() {
        server.shutdownNow();
    }
}
