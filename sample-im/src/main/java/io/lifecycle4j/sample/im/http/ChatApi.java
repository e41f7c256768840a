package io.lifecycle4j.sample.im.http;

import static org.eclipse.jetty.http.HttpMethod.GET;
import static org.eclipse.jetty.http.HttpMethod.HEAD;
import static org.eclipse.jetty.http.HttpMethod.POST;

import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.protocol.Json;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.pathmap.ServletPathSpec;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.PathMappingsHandler;
import org.eclipse.jetty.util.Callback;

/** The HTTP side, all of it under {@code /api}: each path with its methods. What is wrong is answered with a problem in JSON. */
public final class ChatApi extends PathMappingsHandler.NoContext {
    /**
     * @param status answers what the page shows of the server
     */
    public ChatApi(Rooms rooms, Tokens tokens, GetHandler status) {
        addMapping(new ServletPathSpec("/api/tokens"), new AllowedMethods(TokensHandler.of(tokens), POST));
        addMapping(HistoryHandler.PATH, new AllowedMethods(new HistoryHandler(rooms, tokens), GET, HEAD));
        addMapping(new ServletPathSpec(status.path()), new AllowedMethods(status, GET, HEAD));
        addMapping(new ServletPathSpec("/api/*"), new NoSuchPath());
    }

    private static final class NoSuchPath extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            String path = Request.getPathInContext(request);
            Json.problem(
                    response,
                    HttpStatus.NOT_FOUND_404,
                    path + " (expected: /api/tokens or /api/rooms/{room}/messages)",
                    callback);
            return true;
        }
    }
}
