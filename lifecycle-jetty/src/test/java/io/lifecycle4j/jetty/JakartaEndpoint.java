package io.lifecycle4j.jetty;

import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The endpoint of the kinds that use Jakarta's API. The class is public so that Jetty can call it. */
@ServerEndpoint("/ws")
public final class JakartaEndpoint {
    private final Script script;

    private JakartaEndpoint(Script script) {
        this.script = script;
    }

    /** Returns the registration of an endpoint that follows the script. */
    static ServerEndpointConfig with(Script script) {
        return ServerEndpointConfig.Builder.create(JakartaEndpoint.class, "/ws")
                .configurator(new Scripted(script))
                .build();
    }

    @OnOpen
    public void open(Session session) {
        script.opened(text -> send(session, text));
    }

    @OnMessage
    public void message(String text, Session session) {
        script.received(text, reply -> answer(session, reply));
    }

    /** Sends as most endpoints do: the call waits, and throws if the text cannot be sent. */
    private static void answer(Session session, String text) {
        try {
            session.getBasicRemote().sendText(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @OnError
    public void error(Throwable failure) {
        script.closed();
    }

    @OnClose
    public void close() {
        script.closed();
    }

    private static void send(Session session, String text) {
        session.getAsyncRemote().sendText(text, result -> {});
    }

    private static final class Scripted extends ServerEndpointConfig.Configurator {
        private final Script script;

        Scripted(Script script) {
            this.script = script;
        }

        @Override
        public void modifyHandshake(ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
            script.upgrading();
        }

        @Override
        public <T> T getEndpointInstance(Class<T> type) {
            return type.cast(new JakartaEndpoint(script));
        }
    }
}
