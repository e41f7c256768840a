package io.lifecycle4j.sample.im.http;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Answers one path with what there is to say just now. The answer may block, because a readiness check may. */
public final class GetHandler extends Handler.Abstract {
    private final String path;
    private final String contentType;
    private final Supplier<ByteBuffer> body;

    public GetHandler(String path, String contentType, Supplier<ByteBuffer> body) {
        this.path = path;
        this.contentType = contentType;
        this.body = body;
    }

    String path() {
        return path;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        if (!Request.getPathInContext(request).equals(path)) {
            return false;
        }
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        response.write(true, body.get(), callback);
        return true;
    }
}
