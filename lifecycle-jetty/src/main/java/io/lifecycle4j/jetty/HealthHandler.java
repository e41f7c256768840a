package io.lifecycle4j.jetty;

import io.lifecycle4j.AppState;
import io.lifecycle4j.AppView;
import io.lifecycle4j.Phase;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Answers probes. {@code /livez} is 200 as long as the process answers at all; {@code /readyz} is 200 while {@link
 * AppView#isReady()}, else 503. Both have a JSON body with the state, the phase and the number of
 * requests in flight. Other paths are left to other handlers.
 *
 * <p>Put it on a server that is {@linkplain JettyServer#alwaysOpen() always open}, or {@linkplain JettyServer#exempt exempt} its
 * paths, so that probes are answered during the drain.
 *
 * @since 0.1
 */
public final class HealthHandler extends Handler.Abstract { // may wait for a condition
    private final AppView app;

    /** Answers for the given app. */
    public HealthHandler(AppView app) {
        this.app = Objects.requireNonNull(app, "app");
    }

    /** Returns whether the request is a probe: for {@link JettyServer#exempt}. */
    public static boolean isProbe(Request request) {
        String path = Request.getPathInContext(request);
        return path.equals("/livez") || path.equals("/readyz");
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!isProbe(request)) {
            return false;
        }
        boolean ok = Request.getPathInContext(request).equals("/livez") || app.isReady();
        AppState state = app.state();
        Phase phase = app.phase();
        String body = "{\"status\":\"" + (ok ? "ok" : "not ready") + "\",\"state\":\"" + state + "\",\"phase\":"
                + (phase == null ? "null" : "\"" + phase + "\"") + ",\"inFlight\":" + app.inFlight() + "}\n";
        response.setStatus(ok ? HttpStatus.OK_200 : HttpStatus.SERVICE_UNAVAILABLE_503);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        response.write(true, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)), callback);
        return true;
    }
}
