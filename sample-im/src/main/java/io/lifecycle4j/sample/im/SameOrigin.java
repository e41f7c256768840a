package io.lifecycle4j.sample.im;

import java.net.URI;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.WebSocketCreator;
import org.jspecify.annotations.Nullable;

/**
 * Admits WebSockets from this server's own page: browsers let any page open one, and tell in {@code Origin} which it was.
 * Clients that are no browser send none.
 */
final class SameOrigin implements WebSocketCreator {
    private static final String PROTOCOL = "im.v1";

    private final ChatHub hub;

    SameOrigin(ChatHub hub) {
        this.hub = hub;
    }

    @Override
    public @Nullable Object createWebSocket(
            ServerUpgradeRequest request, ServerUpgradeResponse response, Callback callback) {
        String origin = request.getHeaders().get("Origin");
        if (origin != null && !isHost(origin, request.getHeaders().get("Host"))) {
            Response.writeError(request, response, callback, HttpStatus.FORBIDDEN_403, "wrong origin");
            return null;
        }
        if (request.hasSubProtocol(PROTOCOL)) {
            response.setAcceptedSubProtocol(PROTOCOL);
        }
        return new ChatSession(hub);
    }

    private static boolean isHost(String origin, @Nullable String host) {
        try {
            return URI.create(origin).getRawAuthority() != null
                    && URI.create(origin).getRawAuthority().equals(host);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
