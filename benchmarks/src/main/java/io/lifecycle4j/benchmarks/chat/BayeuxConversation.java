package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/** Bayeux, CometD's protocol, over WebSocket: rooms are broadcast channels, and one /meta/connect is always open. */
final class BayeuxConversation implements Conversation {
    private static final String CLIENT_ID = "\"clientId\":\"";

    private final String user;
    private final List<Integer> rooms;
    private String clientId = "";
    private int said;

    BayeuxConversation(String user, List<Integer> rooms) {
        this.user = user;
        this.rooms = rooms;
    }

    @Override
    public void begin(WebSocketClient connection) {
        connection.send("[{\"id\":\"h\",\"channel\":\"/meta/handshake\",\"version\":\"1.0\","
                + "\"supportedConnectionTypes\":[\"websocket\"]}]");
    }

    @Override
    public boolean hear(WebSocketClient connection, ByteBuffer frame) {
        String text = StandardCharsets.UTF_8.decode(frame).toString();
        if (!text.contains("\"successful\":true")) {
            throw new IllegalStateException("CometD says " + text);
        }
        if (text.contains("\"/meta/handshake\"")) {
            int start = text.indexOf(CLIENT_ID) + CLIENT_ID.length();
            clientId = text.substring(start, text.indexOf('"', start));
            String channels =
                    rooms.stream().map(room -> "\"/chat/" + room + "\"").collect(Collectors.joining(","));
            connection.send(
                    "[" + message("/meta/connect", "\"connectionType\":\"websocket\",\"advice\":{\"timeout\":0}") + ","
                            + message("/meta/subscribe", "\"subscription\":[" + channels + "]") + "]");
        } else if (text.contains("\"/meta/connect\"")) {
            connection.send("[" + message("/meta/connect", "\"connectionType\":\"websocket\"") + "]");
        }
        return text.contains("\"/meta/subscribe\"");
    }

    @Override
    public void say(WebSocketClient connection, int room, String text) {
        String data = "\"data\":{\"user\":\"" + user + "\",\"text\":\"" + text + "\"}";
        connection.send("[" + message("/chat/" + room, data) + "]");
    }

    private String message(String channel, String fields) {
        said++;
        return "{\"id\":\"" + said + "\",\"channel\":\"" + channel + "\",\"clientId\":\"" + clientId + "\"," + fields
                + "}";
    }
}
