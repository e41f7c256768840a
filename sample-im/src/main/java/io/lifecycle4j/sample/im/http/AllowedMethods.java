package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.sample.im.protocol.Json;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Lets the methods of a path through, and answers all others with 405. */
final class AllowedMethods extends Handler.Wrapper {
    private final HttpMethod[] methods;
    private final String listed;

    AllowedMethods(Handler handler, HttpMethod... methods) {
        super(handler);
        this.methods = methods;
        this.listed = Arrays.stream(methods).map(HttpMethod::asString).collect(Collectors.joining(", "));
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (Arrays.stream(methods).anyMatch(method -> method.is(request.getMethod()))) {
            return super.handle(request, response, callback);
        }
        response.getHeaders().put(HttpHeader.ALLOW, listed);
        Json.problem(
                response,
                HttpStatus.METHOD_NOT_ALLOWED_405,
                "method " + request.getMethod() + " (expected: " + listed + ")",
                callback);
        return true;
    }
}
