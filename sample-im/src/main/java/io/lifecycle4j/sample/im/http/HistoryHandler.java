package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.protocol.BadFrameException;
import io.lifecycle4j.sample.im.protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.ServerFrame.Item;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.pathmap.UriTemplatePathSpec;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/** {@code GET /api/rooms/{room}/messages?before=SEQ&limit=N}: what the frame {@code history} asks for. Blocks while it reads. */
final class HistoryHandler extends Handler.Abstract {
    static final UriTemplatePathSpec PATH = new UriTemplatePathSpec("/api/rooms/{room}/messages");

    private record History(boolean more, List<Item> messages) {}

    private final Rooms rooms;
    private final Tokens tokens;

    HistoryHandler(Rooms rooms, Tokens tokens) {
        this.rooms = rooms;
        this.tokens = tokens;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        String given = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        if (tokens.user(given == null ? null : given.replaceFirst("^Bearer ", "")) == null) {
            Json.problem(
                    response,
                    HttpStatus.UNAUTHORIZED_401,
                    "expected: Authorization: Bearer and a token of /api/tokens",
                    callback);
            return true;
        }
        try {
            ClientFrame.History asked = asked(request);
            Page page = rooms.history(asked.room(), asked.before(), asked.limit());
            Json.write(response, HttpStatus.OK_200, new History(page.more(), Item.of(page.messages())), callback);
        } catch (NumberFormatException e) {
            Json.problem(response, HttpStatus.BAD_REQUEST_400, "expected: before and limit as numbers", callback);
        } catch (BadFrameException e) {
            Json.problem(response, HttpStatus.BAD_REQUEST_400, String.valueOf(e.getMessage()), callback);
        } catch (StoreException e) {
            Json.problem(response, HttpStatus.SERVICE_UNAVAILABLE_503, Protocol.NO_DATABASE, callback);
        }
        return true;
    }

    private static ClientFrame.History asked(Request request) throws Exception {
        String room = PATH.getPathParams(Request.getPathInContext(request)).getOrDefault("room", "");
        Fields query = Request.extractQueryParameters(request);
        Long before = number(query.getValue("before"), Long.MAX_VALUE);
        return new ClientFrame.History(null, room, before, number(query.getValue("limit"), Protocol.PAGE));
    }

    private static Long number(@Nullable String text, long otherwise) {
        return text == null ? Long.valueOf(otherwise) : Long.valueOf(text);
    }
}
