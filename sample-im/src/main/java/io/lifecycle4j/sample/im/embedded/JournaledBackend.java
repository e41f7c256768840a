package io.lifecycle4j.sample.im.embedded;

import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import de.bwaldvogel.mongo.wire.message.MessageHeader;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import io.lifecycle4j.AppStartException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.local.LocalChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps all documents in memory, and each command that writes in a {@link Journal}; a start does them all again. So a command may
 * not depend on the time or on chance, and the chat's do not. One lock gives the journal the commands in the order in
 * which they are done. Thread-safe.
 */
final class JournaledBackend extends MemoryBackend {
    // What is not known to be only a read is taken for a write.
    private static final Set<String> READS =
            Set.of("find getMore count distinct ping hello isMaster ismaster killCursors endSessions".split(" "));

    private static final int UNKNOWN_ERROR = 8; // of MongoDB's codes
    private static final Logger LOG = LoggerFactory.getLogger(JournaledBackend.class);

    final Journal journal; // for the tests
    private final DataFolder folder;
    private final Object order = new Object();
    private boolean failing; // whether the last append has failed; under the order
    volatile boolean durableAnswers; // each waits until all that it can show is durable

    private JournaledBackend(DataFolder folder, Journal journal) {
        this.folder = folder;
        this.journal = journal;
    }

    /** Opens the folder's journal, and does again what is in it. */
    static JournaledBackend open(DataFolder folder) throws IOException, AppStartException {
        JournaledBackend backend = new JournaledBackend(folder, Journal.open(folder));
        Channel channel = new LocalChannel();
        try {
            backend.journal.replay(bytes -> backend.redo(channel, bytes));
            backend.handleClose(channel);
            return backend;
        } catch (IOException | AppStartException | RuntimeException e) {
            backend.journal.close();
            throw e;
        }
    }

    private void redo(Channel channel, byte[] bytes) {
        Document command = BsonDecoder.decodeBson(Unpooled.wrappedBuffer(bytes));
        try {
            super.handleMessage(new MongoMessage(channel, new MessageHeader(0, 0), command));
        } catch (RuntimeException e) {
            // refused the first time, too
        }
    }

    /** Returns when every command done before the call is durable. */
    void sync() {
        try {
            journal.sync();
        } catch (IOException e) {
            LOG.error("{}; nothing is stored until that is mended and this is started again", cannotWrite(e));
            throw new UncheckedIOException(e);
        }
    }

    /** All that today's drivers ask, but for their greeting. */
    @Override
    public Document handleMessage(MongoMessage message) {
        try {
            journal.requireUsable();
            try {
                return answer(message);
            } finally { // a refusal shows what is there, too
                if (durableAnswers) {
                    sync();
                }
            }
        } catch (UncheckedIOException | Journal.UnusableException e) {
            // An exception would be logged for each command, with the command. What is wrong has been logged once.
            return new Document("ok", 0)
                    .append("errmsg", String.valueOf(e.getMessage()))
                    .append("code", UNKNOWN_ERROR);
        }
    }

    private Document answer(MongoMessage message) {
        Document command = message.getDocument();
        String name = command.keySet().iterator().next();
        byte[] bytes = READS.contains(name) ? null : encode(command);
        synchronized (order) {
            if (bytes != null) {
                append(bytes);
            }
            // Documents are changed in place, and an answer is sent later.
            return super.handleMessage(message).cloneDeeply();
        }
    }

    private void append(byte[] bytes) {
        try {
            journal.append(bytes);
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                failing = true;
                LOG.error("{}; what is sent is declined until that is mended", cannotWrite(e));
            }
            throw new UncheckedIOException(e);
        }
    }

    private String cannotWrite(IOException e) {
        return "The embedded MongoDB cannot write to the data folder " + folder.path() + ": " + e.getMessage();
    }

    private static byte[] encode(Document command) {
        ByteBuf bytes = Unpooled.buffer();
        BsonEncoder.encodeDocument(command, bytes);
        return ByteBufUtil.getBytes(bytes);
    }

    @Override
    public void close() {
        super.close();
        journal.close();
    }
}
