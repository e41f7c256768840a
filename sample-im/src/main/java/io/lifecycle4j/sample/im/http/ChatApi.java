package io.lifecycle4j.sample.im.http;

import static org.eclipse.jetty.http.HttpMethod.GET;
import static org.eclipse.jetty.http.HttpMethod.HEAD;
import static org.eclipse.jetty.http.HttpMethod.POST;

import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.protocol.Json;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.pathmap.ServletPathSpec;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.CrossOriginHandler;
import org.eclipse.jetty.server.handler.PathMappingsHandler;
import org.eclipse.jetty.server.handler.QoSHandler;
import org.eclipse.jetty.util.Callback;

/** The HTTP side, all of it under {@code /api}: each path with its methods. What is wrong is answered with a problem in JSON. */
public final class ChatApi extends PathMappingsHandler.NoContext {
    // The store reads 32 times at once, each on a thread that waits; half of that is for those who join.
    private static final int MOST_READS = 16;
    private static final int MOST_WAITING_READS = 128;
    private static final Duration MOST_WAIT = Duration.ofSeconds(5);

    /** Where the page asks how the server is. */
    public static final String STATUS = "/api/status";

    /**
     * @param status answers what the page shows of the server
     */
    public ChatApi(Rooms rooms, Tokens tokens, GetHandler status) {
        addMapping(new ServletPathSpec("/api/tokens"), new AllowedMethods(TokensHandler.of(tokens), POST));
        addMapping(HistoryHandler.PATH, new AllowedMethods(bounded(new HistoryHandler(rooms, tokens)), GET, HEAD));
        addMapping(new ServletPathSpec(status.path()), new AllowedMethods(status, GET, HEAD));
        addMapping(new ServletPathSpec("/api/*"), new NoSuchPath());
    }

    private static Handler bounded(Handler reads) {
        QoSHandler bounded = new QoSHandler(reads);
        bounded.setMaxRequestCount(MOST_READS);
        bounded.setMaxSuspendedRequestCount(MOST_WAITING_READS);
        bounded.setMaxSuspend(MOST_WAIT);
        return bounded;
    }

    /** Lets pages of these origins call the API, too; with none, their browsers do not. */
    public Handler openTo(List<String> origins) {
        if (origins.isEmpty()) {
            return this;
        }
        CrossOriginHandler open = new CrossOriginHandler();
        open.setAllowedOriginPatterns(origins.stream().map(Pattern::quote).collect(Collectors.toSet()));
        open.setAllowedHeaders(Set.of(HttpHeader.AUTHORIZATION.asString(), HttpHeader.CONTENT_TYPE.asString()));
        open.setAllowCredentials(false); // there are no cookies
        open.setHandler(this);
        PathMappingsHandler paths = new PathMappingsHandler.NoContext();
        paths.addMapping(new ServletPathSpec("/api/*"), open);
        return paths;
    }

    /**
     * What is answered while other requests are rejected: the page shows how a shutdown goes on, and a browser that asks by OPTIONS whether
     * a page of another origin may call the API would not let it read a 503 otherwise.
     */
    public static boolean isServedToTheEnd(Request request) {
        return Request.getPathInContext(request).equals(STATUS) || HttpMethod.OPTIONS.is(request.getMethod());
    }

    /** Has pages of these origins read a rejection, which comes from in front of the API; the answer itself is left to the server. */
    public static Request.Handler rejectionReadableBy(List<String> origins) {
        return (request, response, callback) -> {
            String origin = request.getHeaders().get(HttpHeader.ORIGIN);
            if (origin != null && origins.contains(origin)) {
                response.getHeaders()
                        .put(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, origin)
                        .put(HttpHeader.ACCESS_CONTROL_EXPOSE_HEADERS, HttpHeader.RETRY_AFTER.asString())
                        .put(HttpHeader.VARY, HttpHeader.ORIGIN.asString());
            }
            return false;
        };
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
