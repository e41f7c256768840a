package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** Reads a frame's fields, each with what is expected of it. */
public final class FrameFields {
    private static final int MOST_ID_LENGTH = 64;

    private FrameFields() {}

    /** A string of 1 to so many characters. */
    public static String text(JsonNode frame, String name, int mostLength) throws BadFrameException {
        String value = frame.path(name).textValue();
        if (value == null || value.isEmpty() || value.length() > mostLength) {
            throw new BadFrameException(name + " (expected: a string of 1 to " + mostLength + " characters)");
        }
        return value;
    }

    /** A whole number that is not negative; the other value if the field is not there. */
    public static long number(JsonNode frame, String name, long otherwise) throws BadFrameException {
        JsonNode value = frame.path(name);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
            throw new BadFrameException(name + " (expected: a whole number >= 0)");
        }
        return value.longValue();
    }

    /** The id that an answer repeats as {@code re}; null if the client gave none. */
    public static @Nullable JsonNode id(JsonNode frame) throws BadFrameException {
        JsonNode id = frame.path("id");
        if (id.isMissingNode() || id.isNull()) {
            return null;
        }
        if (!(id.isTextual() || id.isIntegralNumber()) || id.asText().length() > MOST_ID_LENGTH) {
            throw new BadFrameException(
                    "id (expected: a string or a whole number, at most " + MOST_ID_LENGTH + " characters)");
        }
        return id;
    }
}
