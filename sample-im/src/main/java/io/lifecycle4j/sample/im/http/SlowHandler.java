package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.sample.im.protocol.Json;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** {@code GET /demo/slow?millis=N}: a request to have in flight when Ctrl+C is pressed. It holds no thread. */
final class SlowHandler extends Handler.Abstract {
    private static final long MOST_MILLIS = TimeUnit.MINUTES.toMillis(1);

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!Request.getPathInContext(request).equals("/demo/slow")) {
            return false;
        }
        String given = Request.extractQueryParameters(request).getValue("millis");
        long millis = given == null || !given.matches("\\d{1,9}") ? -1 : Long.parseLong(given);
        if (millis < 0 || millis > MOST_MILLIS) {
            Json.problem(response, HttpStatus.BAD_REQUEST_400, "expected: millis=0 to " + MOST_MILLIS, callback);
            return true;
        }
        var unused = request.getComponents()
                .getScheduler()
                .schedule(
                        () -> Content.Sink.write(response, true, "done after " + millis + " ms\n", callback),
                        millis,
                        TimeUnit.MILLISECONDS);
        return true;
    }
}
