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
 * Answers probes. {@code /livez} is 200 as long as the process answers at all; {@code /readyz} is 200 while {@link
 * AppView#isReady()}, else 503. Both have a JSON body:
 *
 * <pre>{@code
 * {"status":"not ready","state":"STOPPING","phase":"DRAIN","inFlight":1,"gates":{"business":1,"sends":3},"red":[],"stoppingMillis":12}
 * }</pre>
 *
 * {@code inFlight} counts requests at the servers' gates, {@code gates} what is in at each gate; {@code red} names the readiness
 * conditions that do not hold, of which {@code /livez} asks none. Other paths are left to other handlers.
 *
 * <p>Put it on a server that is {@linkplain DrainPolicy#ALWAYS_OPEN always open}, or {@linkplain JettyServer#exempt exempt} its
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
        boolean live = Request.getPathInContext(request).equals("/livez");
        List<String> red = live || app.state() != AppState.RUNNING ? List.of() : app.redConditions();
        AppState state = app.state(); // after the conditions, which take their time
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

    // RFC 8259, section 7; control characters in a name are no names
    private static String quoted(String name) {
        return '"' + name.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", "?") + '"';
    }
}
