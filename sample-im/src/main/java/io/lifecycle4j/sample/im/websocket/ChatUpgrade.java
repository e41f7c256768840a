package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol;
import java.net.URI;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.WebSocketCreator;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/**
 * Admits WebSockets from this server's own page and from the origins that were allowed: browsers let any page open one, and
 * tell in {@code Origin} which it was. Clients that are no browser send none.
 */
public final class ChatUpgrade implements WebSocketCreator {
    private final ChatSessions sessions;
    private final Set<String> allowed;

    private ChatUpgrade(ChatSessions sessions, Set<String> allowed) {
        this.sessions = sessions;
        this.allowed = allowed;
    }

    /** Serves {@code /ws}. */
    public static WebSocketUpgradeHandler handler(Server server, ChatSessions sessions, List<String> allowedOrigins) {
        return WebSocketUpgradeHandler.from(server, container -> {
            container.setMaxTextMessageSize(sessions.limits().frameBytes);
            container.setMaxFrameSize(sessions.limits().frameBytes);
            container.setMaxBinaryMessageSize(sessions.limits().frameBytes);
            container.addMapping("/ws", new ChatUpgrade(sessions, Set.copyOf(allowedOrigins)));
        });
    }

    @Override
    public @Nullable Object createWebSocket(
            ServerUpgradeRequest request, ServerUpgradeResponse response, Callback callback) {
        String origin = request.getHeaders().get(HttpHeader.ORIGIN);
        if (origin != null
                && !allowed.contains(origin)
                && !isHost(origin, request.getHeaders().get(HttpHeader.HOST))) {
            Json.problem(
                    response,
                    HttpStatus.FORBIDDEN_403,
                    "wrong origin (expected: this server's, or one of --allow-origin)",
                    callback);
            return null;
        }
        if (sessions.size() >= sessions.limits().sessions) {
            response.getHeaders().put(HttpHeader.RETRY_AFTER, 5);
            Json.problem(response, HttpStatus.SERVICE_UNAVAILABLE_503, "too many sessions; try again", callback);
            return null;
        }
        if (request.hasSubProtocol(Protocol.NAME)) {
            response.setAcceptedSubProtocol(Protocol.NAME);
        }
        response.setExtensions(List.of()); // compression costs memory for each session, and our frames are short
        return sessions.newSession();
    }

    private static boolean isHost(String origin, @Nullable String host) {
        try {
            String authority = URI.create(origin).getRawAuthority();
            return authority != null && authority.equals(host);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
