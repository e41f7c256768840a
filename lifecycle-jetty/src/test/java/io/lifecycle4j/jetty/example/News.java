package io.lifecycle4j.jetty.example;

import io.lifecycle4j.jetty.WebSockets;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

// begin: jakarta-endpoint
/** Sends news to all sessions. The class is public so that Jetty can call it. */
@ServerEndpoint("/news")
public class News {
    static final Set<Session> SESSIONS = ConcurrentHashMap.newKeySet();

    static void publish(String text) {
        SESSIONS.forEach(session -> session.getAsyncRemote().sendText(text, result -> {}));
    }

    @OnOpen
    public void open(Session session) {
        SESSIONS.add(session);
    }

    @OnMessage
    public void message(String text, Session session) {
        WebSockets.close(session, 1008, "listeners do not send");
    }

    @OnClose
    public void close(Session session) {
        SESSIONS.remove(session);
    }
}
// end: jakarta-endpoint
