package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonMappingException.Reference;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.lifecycle4j.sample.im.chat.Activity;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The protocol's frames and the API's bodies as JSON. */
public final class Json {
    public static final String TYPE = "application/json";

    private static final String PROBLEM_TYPE = "application/problem+json";

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            // A string must not be a number; the next setting forbids the reverse.
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfig(
                    LogicalType.Textual,
                    strings -> strings.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .build();

    private Json() {}

    /** Parses one object; null if the text is none. */
    public static @Nullable ObjectNode parse(String text) {
        try {
            return MAPPER.readTree(text) instanceof ObjectNode object ? object : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** Reads one frame that a client sent; throws if the connection is to be closed for it. */
    public static ClientFrame clientFrame(String text) {
        ObjectNode frame = parse(text);
        if (frame == null) {
            throw new BadFrameException("not JSON (expected: one JSON object as text)");
        }
        try {
            return MAPPER.treeToValue(frame, ClientFrame.class);
        } catch (InvalidTypeIdException e) {
            throw new BadFrameException("t: no such type of frame");
        } catch (JsonProcessingException e) {
            if (frame.path("t").asText().equals("hello")) {
                throw new BadFrameException(problem(e));
            }
            return new ClientFrame.Wrong(Field.ID.lenient(frame.get("id")), problem(e));
        }
    }

    private static String problem(JsonProcessingException e) {
        if (e.getCause() instanceof BadFrameException wrong) {
            return String.valueOf(wrong.getMessage());
        }
        List<Reference> path = ((JsonMappingException) e).getPath();
        return Field.valueOf(path.get(path.size() - 1).getFieldName().toUpperCase(Locale.ROOT))
                .problem();
    }

    /** Encodes a record or a tree. */
    public static ByteBuffer encode(Object value) {
        try {
            return ByteBuffer.wrap(MAPPER.writeValueAsBytes(value));
        } catch (JsonProcessingException e) {
            throw new AssertionError("records and trees can be written", e);
        }
    }

    /** The encoded frame that hands a message on. */
    public static ByteBuffer encodeMessage(ChatMessage message) {
        return encode(new ServerFrame.Message(ServerFrame.Item.of(message)));
    }

    /** The encoded frame that tells what happens in a room beside its messages. */
    public static ByteBuffer encodeActivity(Activity activity) {
        return encode(new ServerFrame.Activity(activity.room(), activity.here(), activity.typing(), activity.seen()));
    }

    /** Answers a request with the JSON of a record or a tree. */
    public static void write(Response response, int status, Object body, Callback callback) {
        write(response, status, TYPE, body, callback);
    }

    private static void write(Response response, int status, String type, Object body, Callback callback) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        response.write(true, encode(body), callback);
    }

    /** Answers a request with what is wrong, for people, as RFC 9457 has it. */
    public static void problem(Response response, int status, String detail, Callback callback) {
        write(response, status, PROBLEM_TYPE, object().put("status", status).put("detail", detail), callback);
    }
}
