package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import de.bwaldvogel.mongo.bson.Document;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.ObjectDataType;
import org.junit.jupiter.api.Test;

final class DocumentTypeTest {
    @Test
    void documentsAreReadAsTheyWereWrittenByUsOrByH2() {
        Document message = new Document("_id", "lobby/8")
                .append("room_id", "lobby")
                .append("seq", 8L)
                .append("user_id", "ann")
                .append("client_msg_id", "a1")
                .append("text", "hello, \u0000 wörld \ud83d\ude00".repeat(100))
                .append("created_at", Instant.ofEpochMilli(1_795_254_101_673L));
        DocumentType ours = new DocumentType();
        WriteBuffer byOurs = new WriteBuffer();
        ours.write(byOurs, DocumentType.encode(message));
        WriteBuffer byH2 = new WriteBuffer();
        new ObjectDataType().write(byH2, message);
        for (WriteBuffer buffer : List.of(byOurs, byH2)) {
            ByteBuffer written = buffer.getBuffer().flip();
            assertThat(DocumentType.decode(ours.read(written))).isEqualTo(message);
            assertThat(written.hasRemaining()).isFalse();
        }
    }
}
