package io.lifecycle4j.sample.im.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.chat.MessageStore.Page;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.chat.StoreException;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol;
import io.lifecycle4j.sample.im.protocol.ServerFrame.Item;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/** The HTTP side: {@code POST /api/tokens} and {@code GET /api/rooms/{room}/messages?before=SEQ&limit=N}. */
public final class ChatApi extends Handler.Abstract {
    private static final Pattern MESSAGES = Pattern.compile("/api/rooms/([^/]{1,128})/messages");
    private static final int MOST_BODY_BYTES = 1_024;

    private record History(boolean more, List<Item> messages) {}

    private final Rooms rooms;
    private final Tokens tokens;

    public ChatApi(Rooms rooms, Tokens tokens) {
        this.rooms = rooms;
        this.tokens = tokens;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        String path = Request.getPathInContext(request);
        if (path.equals("/api/tokens") && HttpMethod.POST.is(request.getMethod())) {
            issueToken(request, response, callback);
            return true;
        }
        Matcher messages = MESSAGES.matcher(path);
        if (messages.matches() && HttpMethod.GET.is(request.getMethod())) {
            history(messages.group(1), request, response, callback);
            return true;
        }
        return false;
    }

    private void issueToken(Request request, Response response, Callback callback) throws Exception {
        if (request.getLength() > MOST_BODY_BYTES || request.getLength() < 0) {
            Json.problem(
                    response, HttpStatus.PAYLOAD_TOO_LARGE_413, "expected: a body of at most 1024 bytes", callback);
            return;
        }
        String user = user(Content.Source.asString(request));
        if (user == null || !Tokens.isName(user)) {
            Json.problem(
                    response,
                    HttpStatus.BAD_REQUEST_400,
                    "expected: {\"user\": a name of 1 to 32 letters, digits, blanks or . _ -}",
                    callback);
            return;
        }
        Json.write(
                response,
                HttpStatus.OK_200,
                Json.object().put("token", tokens.issue(user)).put("expires_in", Tokens.LIFE.toSeconds()),
                callback);
    }

    private static @Nullable String user(String body) {
        ObjectNode object = Json.parse(body);
        return object == null ? null : object.path("user").textValue();
    }

    private void history(String room, Request request, Response response, Callback callback) {
        String given = request.getHeaders().get("Authorization");
        if (tokens.user(given == null ? null : given.replaceFirst("^Bearer ", "")) == null) {
            Json.problem(
                    response,
                    HttpStatus.UNAUTHORIZED_401,
                    "expected: Authorization: Bearer and a token of /api/tokens",
                    callback);
            return;
        }
        try {
            Fields query = Request.extractQueryParameters(request);
            long before = number(query.getValue("before"), Long.MAX_VALUE);
            Page page = rooms.history(room, before, number(query.getValue("limit"), Protocol.PAGE));
            Json.write(response, HttpStatus.OK_200, new History(page.more(), Item.of(page.messages())), callback);
        } catch (NumberFormatException e) {
            Json.problem(response, HttpStatus.BAD_REQUEST_400, "expected: before and limit as numbers", callback);
        } catch (StoreException e) {
            Json.problem(response, HttpStatus.SERVICE_UNAVAILABLE_503, Protocol.NO_DATABASE, callback);
        }
    }

    private static long number(@Nullable String text, long otherwise) {
        return text == null ? otherwise : Long.parseLong(text);
    }
}
