package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.h2.mvstore.MVStore;

/**
 * The embedded server's operations, of which a commit has all or nothing. A document and its entries in the indexes are
 * separate writes to the store: with a commit between them, a crash would leave a message that its client id does not find,
 * and that is stored once more when it is sent again. Thread-safe.
 */
final class WholeOperations extends H2Backend {
    private final ReadWriteLock lock = new ReentrantReadWriteLock(); // operations share it, commits have it alone

    WholeOperations(MVStore store) {
        super(store);
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
        };
    }

    @Override
    public void commit() {
        lock.writeLock().lock();
        try {
            super.commit();
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Moves what lives out of chunks that are mostly dead; commits too. */
    void compact(int fill, int bytes) {
        lock.writeLock().lock();
        try {
            getMvStore().compact(fill, bytes);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** All that today's drivers ask, but for their greeting. */
    @Override
    public Document handleMessage(MongoMessage message) {
        lock.readLock().lock();
        try {
            return super.handleMessage(message);
        } finally {
            lock.readLock().unlock();
        }
    }
}
