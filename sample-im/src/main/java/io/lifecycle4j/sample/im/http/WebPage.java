package io.lifecycle4j.sample.im.http;

import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.resource.ResourceFactory;

/** The page, out of the jar; with headers that let it load and run nothing but itself, and turn no text into markup. */
public final class WebPage extends ResourceHandler {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
            + " require-trusted-types-for 'script'; trusted-types 'none'";

    public WebPage() {
        setBaseResource(ResourceFactory.of(this).newClassLoaderResource("web/"));
        setDirAllowed(false);
        setWelcomeFiles("index.html");
        setCacheControl("no-cache");
    }

    /** What the business port serves but for WebSockets: the API, the slow request if asked for, and the page. */
    public static Handler handlers(boolean demo, Handler api) {
        Handler noWebSocket = new UpgradeRequired();
        return demo
                ? new Handler.Sequence(api, noWebSocket, new SlowHandler(), new WebPage())
                : new Handler.Sequence(api, noWebSocket, new WebPage());
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        HttpFields.Mutable headers = response.getHeaders();
        headers.put("Content-Security-Policy", POLICY);
        headers.put("X-Content-Type-Options", "nosniff");
        headers.put("Referrer-Policy", "no-referrer");
        return super.handle(request, response, callback);
    }
}
