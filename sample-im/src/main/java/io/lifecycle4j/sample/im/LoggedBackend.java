package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MessageHeader;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import io.lifecycle4j.sample.im.threads.DaemonThreads;
import io.netty.channel.Channel;
import io.netty.channel.local.LocalChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The embedded server's commands, made durable by a log. A commit of H2 writes several whole pages for each message, the log two
 * hundred bytes: so a sync forces the log, and H2 commits when that is full, in the background, while commands go on
 * into the other log. What the last commit does not have is done again when the store is opened; so a command may not
 * depend on the time or on chance, and the chat's do not.
 *
 * <p>A command that writes has the lock, so the log has them in the order in which they are done, and no commit begins in the
 * midst of one: a message and its entries in the indexes are separate writes to the store. Each commit notes the last command that
 * it has, so none is done twice. One thread commits, and begins no commit before the last one, and so all that
 * the other log has, is on the disk. It is a thread of its own as H2 takes an interrupt for the end of its work. Thread-safe.
 */
final class LoggedBackend extends H2Backend {
    private static final Logger LOG = LoggerFactory.getLogger(LoggedBackend.class);
    private static final int COMMIT_BYTES = 256 << 10;
    private static final int MOST_BYTES = 16 << 20; // BSON's own limit, which a log is read with
    private static final int RECLAIM_FILL = 50; // per cent
    private static final int RECLAIM_BYTES = 1 << 20;
    private static final String LAST = "last";
    // What is not known to be only a read is taken for a write.
    private static final Set<String> READS = Set.of(
            "find",
            "getMore",
            "killCursors",
            "count",
            "distinct",
            "ping",
            "hello",
            "isMaster",
            "ismaster",
            "endSessions");

    private final ExecutorService committer =
            Executors.newSingleThreadExecutor(DaemonThreads.named("im-embedded-mongo-commit"));
    private final Lock lock = new ReentrantLock();
    private final MVMap<String, Long> committed;
    private volatile RedoLog log; // of the commands since the last commit began
    private RedoLog other; // of those before; from here on, all under the lock
    private long last; // the number of the last command
    private final AtomicBoolean committing = new AtomicBoolean();
    private volatile boolean broken; // a force or a commit failed: nothing is answered any more, so readiness turns red

    private LoggedBackend(MVStore store, RedoLog log, RedoLog other) {
        super(store);
        this.log = log;
        this.other = other;
        committed = store.openMap("redo");
        last = committed.getOrDefault(LAST, 0L);
    }

    /** Opens what belongs to the store, its logs in this folder, and does again what the store does not have. */
    static LoggedBackend open(MVStore store, Path folder) throws IOException {
        LoggedBackend backend = new LoggedBackend(
                store, RedoLog.open(folder.resolve("im.1.redo")), RedoLog.open(folder.resolve("im.2.redo")));
        try {
            backend.onCommitter(backend::redo);
            return backend;
        } catch (RuntimeException e) {
            backend.committer.shutdown();
            backend.log.close();
            backend.other.close();
            throw e;
        }
    }

    /** Whatever interrupts the caller, the task is done on return. */
    private void onCommitter(Runnable task) {
        CompletableFuture.runAsync(task, committer).join();
    }

    private void redo() {
        try {
            redoLogs();
            commit();
            log.clear();
            other.clear();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void redoLogs() throws IOException {
        List<RedoLog.Entry> missed = new ArrayList<>(log.read());
        missed.addAll(other.read());
        missed.removeIf(entry -> entry.number() <= last);
        missed.sort(Comparator.comparingLong(RedoLog.Entry::number));
        Channel channel = new LocalChannel();
        for (RedoLog.Entry entry : missed) {
            if (entry.number() != last + 1) {
                throw new IOException("write " + (last + 1) + " is missing, the next one is " + entry.number()
                        + "; put back the file and the logs of one moment");
            }
            Document command = DocumentType.decode(entry.bytes());
            try {
                super.handleMessage(new MongoMessage(channel, new MessageHeader(0, 0), command));
            } catch (MVStoreException e) {
                throw e;
            } catch (RuntimeException e) {
                LOG.debug("Refused again", e);
            }
            last++;
        }
        handleClose(channel);
        if (!missed.isEmpty()) {
            LOG.info("The embedded MongoDB was not closed; {} writes were done again from its log", missed.size());
        }
    }

    @Override
    protected MongoDatabase openOrCreateDatabase(String database) {
        return new H2Database(database, getMvStore(), getCursorRegistry()) {
            @Override
            protected Index<Object> openOrCreateUniqueIndex(
                    String collection, String index, List<IndexKey> keys, boolean sparse) {
                IndexKeys.open(getMvStore(), database + "." + collection + "._index_" + index);
                return super.openOrCreateUniqueIndex(collection, index, keys, sparse);
            }

            @Override
            protected MongoCollection<Object> openOrCreateCollection(String collection, CollectionOptions options) {
                MVMap.Builder<Object, byte[]> documents =
                        new MVMap.Builder<Object, byte[]>().valueType(new DocumentType());
                return new BsonCollection(
                        this,
                        collection,
                        options,
                        getMvStore().openMap("databases." + database + "." + collection, documents),
                        cursorRegistry);
            }
        };
    }

    /** Returns when every command done before the call survives a kill of the process and a loss of power. */
    void sync() {
        try {
            log.force(); // if it has just changed, the one before was forced
        } catch (IOException e) {
            fail(e);
            throw new UncheckedIOException(e);
        }
    }

    private void commitInBackground() {
        try {
            beginCommit();
            getMvStore().executeFilestoreOperation(() -> {}); // after the commit, that is
            getMvStore().sync();
            committing.set(false);
        } catch (IOException | RuntimeException e) {
            fail(e);
        }
    }

    private void fail(Exception why) {
        broken = true;
        LOG.error(
                "The embedded MongoDB cannot write; mend that and start again: what it acknowledged is in its log",
                why);
    }

    private void beginCommit() throws IOException {
        lock.lock();
        try {
            if (getMvStore().getFileStore().size() > EmbeddedMongo.LARGE_FILE) {
                getMvStore().compact(RECLAIM_FILL, RECLAIM_BYTES);
            }
            log.force();
            committed.put(LAST, last);
            if (getMvStore().tryCommit() >= 0) { // else the next command tries again
                RedoLog full = log;
                other.restart();
                log = other;
                other = full;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns when the store itself has all commands, and the disk has the store. */
    @Override
    public void commit() {
        lock.lock();
        try {
            committed.put(LAST, last);
            super.commit();
            getMvStore().sync();
            log.restart();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        if (committer.isShutdown()) {
            return;
        }
        try {
            onCommitter(this::closeAll);
        } finally {
            committer.shutdown();
        }
    }

    private void closeAll() {
        lock.lock();
        try {
            if (broken) {
                getMvStore().closeImmediately(); // an orderly close would commit, and not note the last command
            } else if (!getMvStore().isClosed()) {
                commit();
            }
        } finally {
            try {
                super.close();
            } finally {
                lock.unlock();
            }
        }
        log.close();
        other.close();
    }

    /** All that today's drivers ask, but for their greeting. */
    @Override
    public Document handleMessage(MongoMessage message) {
        if (broken) {
            throw new IllegalStateException("the embedded MongoDB could not write before");
        }
        Document command = message.getDocument();
        if (READS.contains(command.keySet().iterator().next())) {
            return super.handleMessage(message);
        }
        byte[] bytes = DocumentType.encode(command);
        if (bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException("a command of " + bytes.length + " bytes (expected: at most "
                    + MOST_BYTES + "); write less at once");
        }
        lock.lock();
        try {
            if (getMvStore().isClosed()) {
                throw new IllegalStateException("the embedded MongoDB is closed");
            }
            log.append(last + 1, ByteBuffer.wrap(bytes));
            last++;
            Document answer = super.handleMessage(message);
            if (log.size() >= COMMIT_BYTES && committing.compareAndSet(false, true)) {
                committer.execute(this::commitInBackground);
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException("the log cannot be written", e);
        } finally {
            lock.unlock();
        }
    }
}
