package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import java.nio.ByteBuffer;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The protocol's frames and the API's bodies as JSON. */
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
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

    /** A frame of the given type. */
    public static ObjectNode frame(Protocol.ServerFrame type) {
        return object().put("t", type.wire());
    }

    /** A frame of the given type that answers the frame with this id. */
    public static ObjectNode answer(Protocol.ServerFrame type, @Nullable JsonNode id) {
        ObjectNode frame = frame(type);
        if (id != null) {
            frame.set("re", id);
        }
        return frame;
    }

    public static ByteBuffer encode(ObjectNode frame) {
        try {
            return ByteBuffer.wrap(MAPPER.writeValueAsBytes(frame));
        } catch (JsonProcessingException e) {
            throw new AssertionError("a tree can be written", e);
        }
    }

    /** The encoded frame that hands a message on. */
    public static ByteBuffer encodeMessage(ChatMessage message) {
        return encode(put(frame(Protocol.ServerFrame.MESSAGE), message));
    }

    static ObjectNode message(ChatMessage message) {
        return put(object(), message);
    }

    private static ObjectNode put(ObjectNode target, ChatMessage message) {
        return target.put("room", message.room())
                .put("seq", message.seq())
                .put("msg_id", message.id())
                .put("user", message.user())
                .put("cid", message.clientId())
                .put("text", message.text())
                .put("created_at", message.createdAt().toEpochMilli());
    }

    public static ArrayNode messages(List<ChatMessage> messages) {
        ArrayNode array = MAPPER.createArrayNode();
        messages.forEach(each -> array.add(message(each)));
        return array;
    }

    public static void write(Response response, int status, ObjectNode body, Callback callback) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        Content.Sink.write(response, true, body.toString(), callback);
    }

    public static void problem(Response response, int status, String detail, Callback callback) {
        write(response, status, object().put("status", status).put("detail", detail), callback);
    }
}
