package io.lifecycle4j.sample.im.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.sample.im.protocol.Json;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** {@code GET /api/status}, for the page's panel, and {@code GET /status}, for operators; answered while draining, too. */
public final class StatusHandler extends Handler.Abstract { // readiness may wait for a condition
    private static final String PAGE = "/api/status";
    private static final String ADMIN = "/status";

    private final String path;
    private final Supplier<ObjectNode> status;

    private StatusHandler(String path, Supplier<ObjectNode> status) {
        this.path = path;
        this.status = status;
    }

    public static StatusHandler forPage(ImStatus status) {
        return new StatusHandler(PAGE, status::brief);
    }

    public static StatusHandler forAdmin(ImStatus status) {
        return new StatusHandler(ADMIN, status::full);
    }

    public static boolean isPageStatus(Request request) {
        return Request.getPathInContext(request).equals(PAGE);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!Request.getPathInContext(request).equals(path)) {
            return false;
        }
        Json.write(response, HttpStatus.OK_200, status.get(), callback);
        return true;
    }
}
