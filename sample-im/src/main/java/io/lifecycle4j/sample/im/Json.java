package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** The protocol's frames and the API's bodies as JSON. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    /** Parses one object; null if the text is none. */
    static JsonNode parse(String text) throws JsonProcessingException {
        return MAPPER.readTree(text);
    }

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** A frame of the given type. */
    static ObjectNode frame(String type) {
        return object().put("t", type);
    }

    static ObjectNode message(ChatMessage message) {
        return object().put("room", message.room())
                .put("seq", message.seq())
                .put("msg_id", message.id())
                .put("user", message.user())
                .put("cid", message.clientId())
                .put("text", message.text())
                .put("created_at", message.createdAt().toEpochMilli());
    }

    static ArrayNode messages(List<ChatMessage> messages) {
        ArrayNode array = MAPPER.createArrayNode();
        messages.forEach(each -> array.add(message(each)));
        return array;
    }

    static void write(Response response, int status, ObjectNode body, Callback callback) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        Content.Sink.write(response, true, body.toString(), callback);
    }

    static void problem(Response response, int status, String detail, Callback callback) {
        write(response, status, object().put("status", status).put("detail", detail), callback);
    }
}
