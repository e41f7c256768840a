package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The sample's protocol, im.v1; see docs/im-protocol.md. */
final class ImConversation implements Conversation {
    private final String token;
    private final List<Integer> rooms;
    private int joined;
    private int said;

    ImConversation(String token, List<Integer> rooms) {
        this.token = token;
        this.rooms = rooms;
    }

    @Override
    public void begin(WebSocketClient connection) {
        connection.send("{\"t\":\"hello\",\"id\":1,\"v\":1,\"token\":\"" + token + "\",\"client\":\"benchmarks\"}");
    }

    @Override
    public boolean hear(WebSocketClient connection, ByteBuffer frame) {
        String text = StandardCharsets.UTF_8.decode(frame).toString();
        if (text.startsWith("{\"t\":\"welcome\"")) {
            rooms.forEach(room -> connection.send("{\"t\":\"join\",\"id\":2,\"room\":\"room-" + room + "\"}"));
        } else if (text.startsWith("{\"t\":\"joined\"")) {
            joined++;
            return joined == rooms.size();
        } else if (text.startsWith("{\"t\":\"ping\"")) {
            connection.send("{\"t\":\"pong\"}");
        } else if (text.startsWith("{\"t\":\"error\"") || text.startsWith("{\"t\":\"nack\"")) {
            throw new IllegalStateException("the chat says " + text);
        }
        return false;
    }

    @Override
    public void say(WebSocketClient connection, int room, String text) {
        said++;
        connection.send("{\"t\":\"send\",\"id\":" + said + ",\"room\":\"room-" + room + "\",\"cid\":\"" + said
                + "\",\"text\":\"" + text + "\"}");
    }
}
