package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The fields of clients' frames, each with what is expected of it. */
enum Field {
    ID("a string or a whole number, at most 64 characters", 64),
    V(String.valueOf(Protocol.VERSION), 0),
    TOKEN(512),
    ROOM(64),
    CID(64),
    EPOCH(64),
    TEXT("a string that is not empty", Integer.MAX_VALUE),
    AFTER("{epoch, seq}", 0),
    SEQ,
    BEFORE,
    LIMIT("a whole number >= 1", 0);

    private final String expected;
    private final int mostLength;

    Field() {
        this("a whole number >= 0", 0);
    }

    Field(int mostLength) {
        this("a string of 1 to " + mostLength + " characters", mostLength);
    }

    Field(String expected, int mostLength) {
        this.expected = expected;
        this.mostLength = mostLength;
    }

    String problem() {
        return name().toLowerCase(Locale.ROOT) + " (expected: " + expected + ")";
    }

    void require(boolean holds) {
        if (!holds) {
            throw new BadFrameException(problem());
        }
    }

    void check(@Nullable String value) {
        require(value != null && !value.isEmpty() && value.length() <= mostLength);
    }

    /** Returns an id that an answer can repeat; null if the client gave none. */
    @Nullable
    JsonNode checked(@Nullable JsonNode id) {
        boolean given = id != null && !id.isNull();
        require(!given || lenient(id) != null);
        return given ? id : null;
    }

    /** Returns an id that an answer can repeat; null if the client gave none that can. */
    @Nullable
    JsonNode lenient(@Nullable JsonNode id) {
        return id != null
                        && (id.isTextual() || id.isIntegralNumber())
                        && id.asText().length() <= mostLength
                ? id
                : null;
    }
}
