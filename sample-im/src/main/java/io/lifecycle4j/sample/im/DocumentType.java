package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.ObjectDataType;

/**
 * The embedded server's messages, kept as BSON, as they come: a page is written with each new message in it, and H2 would serialize
 * all its others each time. Reads what H2 wrote.
 */
final class DocumentType extends ObjectDataType {
    private static final byte BSON = 123; // H2's own begin with other bytes
    private static final int USUAL_BYTES = 256;
    private static final int MEMORY = 600;

    /** Opens the map of the messages, which stays as it is opened first. */
    static void useFor(MVStore store, String database) {
        store.openMap(
                "databases." + database + "." + MessageDocuments.COLLECTION,
                new MVMap.Builder<>().valueType(new DocumentType()));
    }

    @Override
    public void write(WriteBuffer buffer, Object value) {
        if (value instanceof Document document) {
            ByteBuf bytes = Unpooled.buffer(USUAL_BYTES);
            BsonEncoder.encodeDocument(document, bytes);
            buffer.put(BSON).putVarInt(bytes.readableBytes()).put(bytes.array(), 0, bytes.readableBytes());
        } else {
            super.write(buffer, value);
        }
    }

    @Override
    public Object read(ByteBuffer buffer) {
        if (buffer.get(buffer.position()) != BSON) {
            return super.read(buffer);
        }
        buffer.get();
        byte[] bytes = new byte[DataUtils.readVarInt(buffer)];
        buffer.get(bytes);
        return BsonDecoder.decodeBson(Unpooled.wrappedBuffer(bytes));
    }

    @Override
    public int getMemory(Object value) {
        return value instanceof Document ? MEMORY : super.getMemory(value);
    }
}
