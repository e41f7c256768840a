package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.sample.im.protocol.Json;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** What Jetty itself finds wrong, in the form of our own problems. */
final class Problems extends ErrorHandler {
    private static final HttpField SOON = new HttpField(HttpHeader.RETRY_AFTER, "1");

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int status,
            String message,
            @Nullable Throwable cause,
            Callback callback) {
        if (status == HttpStatus.SERVICE_UNAVAILABLE_503) {
            response.getHeaders().put(SOON);
        }
        // What went wrong inside is for the log, not for the client.
        Json.problem(
                response, status, HttpStatus.isServerError(status) ? HttpStatus.getMessage(status) : message, callback);
    }
}
