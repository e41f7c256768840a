package io.lifecycle4j.sample.im;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lifecycle4j.AppView;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import java.util.List;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** {@code GET /api/status}: what the page's panel shows; answered while draining, too. */
final class StatusHandler extends Handler.Abstract.NonBlocking {
    private final AppView app;
    private final List<RequestGate> gates;
    private final ChatHub hub;

    StatusHandler(AppView app, List<RequestGate> gates, ChatHub hub) {
        this.app = app;
        this.gates = List.copyOf(gates);
        this.hub = hub;
    }

    static boolean isStatus(Request request) {
        return Request.getPathInContext(request).equals("/api/status");
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!isStatus(request)) {
            return false;
        }
        Phase phase = app.phase();
        ObjectNode body = Json.object()
                .put("state", app.state().name())
                .put("phase", phase == null ? null : phase.name())
                .put("sessions", hub.size());
        ObjectNode inFlight = body.putObject("in_flight");
        gates.forEach(gate -> inFlight.put(gate.name(), gate.inFlight()));
        Json.write(response, HttpStatus.OK_200, body, callback);
        return true;
    }
}
