package io.lifecycle4j.jetty;

import io.lifecycle4j.AppState;
import io.lifecycle4j.AppView;
import io.lifecycle4j.Phase;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Answers health probes. {@code /livez} is 200 as long as the process answers at all; {@code /readyz} is 200 while {@link
 * AppView#isReady()}, else 503. Both have a JSON body:
 *
 * <pre>{@code
 * {"status":"not ready","state":"STOPPING","phase":"DRAIN","inFlight":1,"gates":{"business":1,"sends":3},"red":[],"stoppingMillis":12}
 * }</pre>
 *
 * {@code inFlight} counts the requests in flight at all servers; {@code gates} has the count of each gate; {@code red} names the readiness
 * conditions that do not hold, and is empty for {@code /livez}, which asks no condition. Other paths are left to other handlers.
 *
 * <p>The handler belongs on a server that is {@linkplain DrainPolicy#ALWAYS_OPEN always open}; on another server its paths must be
 * {@linkplain JettyServer#exempt exempt}, or probes are rejected during the drain.
 *
 * @since 0.1
 */
// Not NonBlocking: a readiness condition may block.
public final class HealthHandler extends Handler.Abstract {
    private final AppView app;

    /** Makes a handler that answers for the given app. */
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
        boolean live = Request.getPathInContext(request).equals("/livez");
        List<String> red = live || app.state() != AppState.RUNNING ? List.of() : app.redConditions();
        // The state is read after the conditions, since it may change while they are asked.
        AppState state = app.state();
        boolean ok = live || (state == AppState.RUNNING && red.isEmpty());
        Phase phase = app.phase();
        Duration stopping = app.timeSinceShutdownBegan();
        String body = "{\"status\":\"" + (ok ? "ok" : "not ready") + "\",\"state\":\"" + state + "\",\"phase\":"
                + (phase == null ? "null" : quoted(phase.name())) + ",\"inFlight\":" + app.inFlight() + ",\"gates\":{"
                + app.inFlightByGate().entrySet().stream()
                        .map(gate -> quoted(gate.getKey()) + ":" + gate.getValue())
                        .collect(Collectors.joining(","))
                + "},\"red\":["
                + red.stream().map(HealthHandler::quoted).collect(Collectors.joining(",")) + "]"
                + (stopping == null ? "" : ",\"stoppingMillis\":" + stopping.toMillis()) + "}\n";
        response.setStatus(ok ? HttpStatus.OK_200 : HttpStatus.SERVICE_UNAVAILABLE_503);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        response.write(true, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)), callback);
        return true;
    }

    // A string of RFC 8259, section 7; a control character in a name becomes a question mark.
    private static String quoted(String name) {
        return '"' + name.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", "?") + '"';
    }
}
