package io.lifecycle4j.sample.im.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.chat.Tokens;
import io.lifecycle4j.sample.im.protocol.Json;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.SizeLimitHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.jspecify.annotations.Nullable;

/** {@code POST /api/tokens}: a token for a name. No thread waits for the body. */
final class TokensHandler extends Handler.Abstract {
    private static final int MOST_BODY_BYTES = 1_024;
    private static final String EXPECTED = "expected: {\"user\": a name of 1 to 32 letters, digits, blanks or . _ -,"
            + " that begins with a letter or digit and does not end with a blank}";

    private final Tokens tokens;

    private TokensHandler(Tokens tokens) {
        this.tokens = tokens;
    }

    /** The handler, behind the limit of a body's size. */
    static Handler of(Tokens tokens) {
        SizeLimitHandler limited = new SizeLimitHandler(MOST_BODY_BYTES, -1);
        limited.setHandler(new TokensHandler(tokens));
        return limited;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // Jetty's own decoding throws at what is no UTF-8.
        Content.Source.asByteBuffer(
                request,
                Promise.from(
                        body -> issue(StandardCharsets.UTF_8.decode(body).toString(), response, callback),
                        failure -> refuse(failure, request, response, callback)));
        return true;
    }

    private void issue(String body, Response response, Callback callback) {
        String user = user(body);
        if (user == null || !Tokens.isName(user)) {
            Json.problem(response, HttpStatus.BAD_REQUEST_400, EXPECTED, callback);
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

    /** A body that is too large, malformed or broken off. */
    private static void refuse(Throwable failure, Request request, Response response, Callback callback) {
        int status = failure instanceof HttpException wrong ? wrong.getCode() : HttpStatus.BAD_REQUEST_400;
        Response.writeError(request, response, callback, status, "body: " + failure.getMessage());
    }
}
