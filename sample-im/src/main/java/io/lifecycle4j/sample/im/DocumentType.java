package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.type.ObjectDataType;

/**
 * The embedded server's documents, as BSON: a page is written with each new document in it, and H2 would serialize all its others
 * each time. Reads what H2 wrote.
 */
final class DocumentType extends BasicDataType<byte[]> {
    private static final byte BSON = 123; // H2's own begin with other bytes
    private static final ObjectDataType BEFORE = new ObjectDataType();
    private static final int ARRAY_BYTES = 24; // of an array without its content

    static byte[] encode(Document document) {
        ByteBuf bytes = Unpooled.buffer();
        BsonEncoder.encodeDocument(document, bytes);
        return ByteBufUtil.getBytes(bytes);
    }

    static Document decode(byte[] bson) {
        return decode(ByteBuffer.wrap(bson));
    }

    static Document decode(ByteBuffer bson) {
        return BsonDecoder.decodeBson(Unpooled.wrappedBuffer(bson));
    }

    @Override
    public void write(WriteBuffer buffer, byte[] bson) {
        buffer.put(BSON).putVarInt(bson.length).put(bson);
    }

    @Override
    public byte[] read(ByteBuffer buffer) {
        if (buffer.get(buffer.position()) != BSON) {
            return encode((Document) BEFORE.read(buffer));
        }
        buffer.get();
        byte[] bson = new byte[DataUtils.readVarInt(buffer)];
        buffer.get(bson);
        return bson;
    }

    @Override
    public int getMemory(byte[] bson) {
        return ARRAY_BYTES + bson.length;
    }

    @Override
    public byte[][] createStorage(int size) {
        return new byte[size][];
    }
}
