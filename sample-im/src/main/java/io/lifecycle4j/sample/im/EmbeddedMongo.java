package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.MongoServer;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.sample.im.mongo.Durability;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.MVStoreTool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A MongoDB-compatible server inside this process, its data in a file and two logs of a folder: for trying the sample out, not for
 * production. What is written is durable after {@link #sync()} only. Close the clients first. Thread-safe.
 */
public final class EmbeddedMongo implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EmbeddedMongo.class);
    private static final String HOST = "127.0.0.1";
    private static final String DATABASE = "im";
    private static final String FILE = "im.mv";
    static final long LARGE_FILE = 64L << 20; // below it, nothing is gained by making it smaller
    // The system caches the file too; what is held here for seconds, and dropped then, each young collection copies.
    private static final int CACHE_MEGABYTES = 1;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(4);

    private final MVStore store;
    private final LoggedBackend backend;
    private final MongoServer server;
    private final int port;
    private final AtomicBoolean closed = new AtomicBoolean();

    private EmbeddedMongo(MVStore store, LoggedBackend backend, MongoServer server, int port) {
        this.store = store;
        this.backend = backend;
        this.server = server;
        this.port = port;
    }

    /** Opens the folder, created if missing, and listens on a free port of the loopback interface. */
    public static EmbeddedMongo open(Path folder) throws AppStartException {
        return open(folder, 0);
    }

    /** Opens the folder, created if missing, and listens on this port of the loopback interface; 0 means a free one. */
    public static EmbeddedMongo open(Path folder, int port) throws AppStartException {
        prepare(folder);
        MVStore store = openStore(folder);
        LoggedBackend backend = openBackend(store, folder);
        MongoServer server = new MongoServer(backend);
        try {
            server.bind(HOST, port);
        } catch (Exception e) { // Netty throws BindException without declaring it
            server.shutdownNow();
            throw new AppStartException(
                    "the embedded MongoDB cannot listen on " + HOST + ":" + port + " (" + e.getMessage()
                            + "); stop what uses that port, or let a free one be chosen",
                    null);
        }
        return new EmbeddedMongo(
                store, backend, server, server.getLocalAddress().getPort());
    }

    private static void prepare(Path folder) throws AppStartException {
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw unusable(folder, "is not a folder");
        } catch (IOException e) {
            throw unusable(folder, "cannot be created (" + e + ")");
        }
        if (!Files.isWritable(folder)) {
            throw unusable(folder, "cannot be written to");
        }
    }

    private static LoggedBackend openBackend(MVStore store, Path folder) throws AppStartException {
        try {
            return LoggedBackend.open(store, folder);
        } catch (IOException | CompletionException e) {
            store.closeImmediately();
            Throwable cause = e instanceof CompletionException ? e.getCause() : e;
            throw unusable(folder, "has logs, beside its file " + FILE + ", that cannot be used (" + cause + ")");
        }
    }

    private static MVStore openStore(Path folder) throws AppStartException {
        try {
            compact(folder.resolve(FILE));
            // The backend alone commits, between two commands. H2 does it on threads of its own only beside one
            // that commits by itself too: that is to do so after 24 days without a commit, and to compact nothing.
            MVStore store = new MVStore.Builder()
                    .fileName(folder.resolve(FILE).toString())
                    .compress()
                    .cacheSize(CACHE_MEGABYTES)
                    .autoCommitDisabled()
                    .autoCommitBufferSize(0)
                    .autoCompactFillRate(0)
                    .open();
            store.setAutoCommitDelay(Integer.MAX_VALUE);
            if (store.isReadOnly()) {
                store.closeImmediately();
                throw unusable(folder, "has a file " + FILE + " that cannot be written to");
            }
            return store;
        } catch (MVStoreException e) {
            if (e.getErrorCode() == DataUtils.ERROR_FILE_LOCKED) {
                throw new AppStartException(
                        "the data folder " + folder + " is in use by another process (its file " + FILE
                                + " is locked); stop that process, or choose another folder with --data-dir",
                        null);
            }
            throw unusable(folder, "has a file " + FILE + " that cannot be opened (" + e.getMessage() + ")");
        }
    }

    /**
     * Writes the file anew if it is large and has doubled since that was last done: it is mostly dead chunks then, and slow
     * to open (seen: 676 MB opened in 10 s, or became 29 MB in 2 s). A large one that is mostly alive is left as it is:
     * to write half a million messages anew took half a minute. A crash in the midst of it leaves the old file or the new.
     */
    private static void compact(Path file) {
        String name = file.toString();
        MVStoreTool.compactCleanUp(name);
        long before = file.toFile().length();
        if (before > Math.max(LARGE_FILE, 2 * compactedSize(file))) {
            MVStoreTool.compact(name, true);
            long after = file.toFile().length();
            noteCompactedSize(file, after);
            log.info("Compacted {} from {} to {} MB", file, before >> 20, after >> 20);
        }
    }

    /** How large the file was when it was last written anew; 0 if that is not known. */
    private static long compactedSize(Path file) {
        try {
            return Long.parseLong(Files.readString(note(file)).strip());
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    private static void noteCompactedSize(Path file, long size) {
        try {
            Files.writeString(note(file), Long.toString(size));
        } catch (IOException e) {
            log.debug("The next start will compact again", e);
        }
    }

    private static Path note(Path file) {
        return file.resolveSibling(FILE + ".compacted-size");
    }

    private static AppStartException unusable(Path folder, String why) {
        return new AppStartException(
                "the data folder " + folder + " " + why
                        + " (expected: a folder that this user can read and write); mend that, or choose another with --data-dir",
                null);
    }

    /** Keeps a log of all writes from now on, for change streams: several nodes need it, a server of its own does not. */
    public EmbeddedMongo withChangeStreams() {
        server.enableOplog();
        return this;
    }

    /** The address for {@link MongoConnection#open}; holds no secret. */
    public String connectionString() {
        return "mongodb://" + HOST + ":" + port + "/" + DATABASE;
    }

    public int port() {
        return port;
    }

    /** Makes everything written before the call survive a kill of the process and a loss of power; see {@link Durability}. */
    public void sync() {
        if (store.isClosed()) { // the log may be forced still, but nothing can be written
            throw new IllegalStateException("the embedded MongoDB is closed");
        }
        backend.sync();
    }

    /**
     * Cuts the clients off, commits and closes the file, within about 4 s; called again, it does nothing. Nothing that was
     * synced depends on it.
     */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        // The server waits without limit for its own threads, so it is closed on a thread that can be left behind.
        Thread closer = DaemonThreads.named("im-embedded-mongo-close").newThread(server::shutdownNow);
        closer.start();
        try {
            closer.join(CLOSE_LIMIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!store.isClosed()) {
            log.warn("Embedded MongoDB not closed within {} ms; what was synced is safe", CLOSE_LIMIT.toMillis());
        }
    }
}
