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

/**
 * Keeps all documents in memory, and each command that writes in a {@link Journal}; a start does them all again. So a command may
 * not depend on the time or on chance, and the chat's do not. One lock gives the journal the commands in the order in
 * which they are done. Thread-safe.
 */
final class JournaledBackend extends MemoryBackend {
    // What is not known to be only a read is taken for a write.
    private static final Set<String> READS =
            Set.of("find getMore count distinct ping hello isMaster ismaster killCursors endSessions".split(" "));

    final Journal journal; // for the tests
    private final Object order = new Object();
    volatile boolean durableAnswers; // each waits until all that it can show is durable

    private JournaledBackend(Journal journal) {
        this.journal = journal;
    }

    /** Opens the folder's journal, and does again what is in it. */
    static JournaledBackend open(DataFolder folder) throws IOException, AppStartException {
        JournaledBackend backend = new JournaledBackend(Journal.open(folder));
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
            throw new UncheckedIOException(e);
        }
    }

    /** All that today's drivers ask, but for their greeting. */
    @Override
    public Document handleMessage(MongoMessage message) {
        journal.requireUsable();
        try {
            return answer(message);
        } finally { // a refusal shows what is there, too
            if (durableAnswers) {
                sync();
            }
        }
    }

    private Document answer(MongoMessage message) {
        Document command = message.getDocument();
        String name = command.keySet().iterator().next();
        byte[] bytes = READS.contains(name) ? null : encode(command);
        synchronized (order) {
            if (bytes != null) {
                try {
                    journal.append(bytes);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            // Documents are changed in place, and an answer is sent later.
            return super.handleMessage(message).cloneDeeply();
        }
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
