package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.sample.im.protocol.Json;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Answers a request to {@code /ws} that asks for no WebSocket. */
final class UpgradeRequired extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!Request.getPathInContext(request).equals("/ws")) {
            return false;
        }
        response.getHeaders().put(HttpHeader.UPGRADE, "websocket");
        response.getHeaders().add(HttpHeader.CONNECTION, HttpHeader.UPGRADE.asString());
        Json.problem(
                response,
                HttpStatus.UPGRADE_REQUIRED_426,
                "expected: a WebSocket; does a proxy drop the header Upgrade?",
                callback);
        return true;
    }
}
