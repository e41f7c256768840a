package io.lifecycle4j.sample.im.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.content.HttpContent;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.resource.Resource;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.jspecify.annotations.Nullable;

/**
 * The page, out of the jar; with headers that let it load and run nothing but itself, and turn no text into markup. A browser keeps it
 * as long as its content is the same: the jar's dates are all one, so they say nothing.
 */
public final class WebPage extends ResourceHandler {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
            + " require-trusted-types-for 'script'; trusted-types 'none'";

    private static final Set<HttpHeader> CONDITIONS = EnumSet.of(
            HttpHeader.IF_MATCH,
            HttpHeader.IF_NONE_MATCH,
            HttpHeader.IF_MODIFIED_SINCE,
            HttpHeader.IF_UNMODIFIED_SINCE);

    private final HttpField tag;

    public WebPage() {
        Resource web = ResourceFactory.of(this).newClassLoaderResource("web/");
        tag = new HttpField(HttpHeader.ETAG, tag(web));
        setBaseResource(web);
        setDirAllowed(false);
        setWelcomeFiles("index.html");
        setCacheControl("no-cache");
        setEtags(true);
    }

    /** What the business port serves but for WebSockets: the API, the slow request if asked for, and the page. */
    public static Handler handlers(boolean demo, Handler api) {
        Handler noWebSocket = new UpgradeRequired();
        Handler page = new AllowedMethods(new WebPage(), HttpMethod.GET, HttpMethod.HEAD);
        return demo
                ? new Handler.Sequence(api, noWebSocket, new SlowHandler(), page)
                : new Handler.Sequence(api, noWebSocket, page);
    }

    /** Returns the tag that all files share: it is another one as soon as one of them changes. */
    static String tag(Resource web) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            List<Resource> files = web.getAllResources().stream()
                    .filter(each -> !each.isDirectory())
                    .sorted(Comparator.comparing(Resource::getName))
                    .toList();
            for (Resource file : files) {
                digest.update(file.getFileName().getBytes(StandardCharsets.UTF_8));
                try (InputStream in = file.newInputStream()) {
                    digest.update(in.readAllBytes());
                }
            }
            return '"' + HexFormat.of().formatHex(digest.digest(), 0, 16) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("each JDK has SHA-256", e);
        } catch (IOException e) {
            throw new UncheckedIOException("the page cannot be read", e);
        }
    }

    @Override
    protected HttpContent.Factory newHttpContentFactory(ByteBufferPool.Sized buffers) {
        HttpContent.Factory files = super.newHttpContentFactory(buffers);
        return path -> {
            HttpContent file = files.getContent(path);
            return file == null ? null : new Tagged(file);
        };
    }

    private final class Tagged extends HttpContent.Wrapper {
        private Tagged(HttpContent file) {
            super(file);
        }

        @Override
        public HttpField getETag() {
            return tag;
        }

        @Override
        public @Nullable HttpField getLastModified() {
            return null;
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        HttpFields.Mutable headers = response.getHeaders();
        headers.put("Content-Security-Policy", POLICY);
        headers.put("X-Content-Type-Options", "nosniff");
        headers.put("Referrer-Policy", "no-referrer");
        return super.handle(new Conditional(request), response, callback);
    }

    /**
     * A request whose only condition is our tag. The date of what the browser has says nothing, and of a tag that is not well-formed Jetty
     * would write a stack to the log.
     */
    private final class Conditional extends Request.Wrapper {
        private final HttpFields headers;

        private Conditional(Request request) {
            super(request);
            HttpFields given = request.getHeaders();
            HttpFields.Mutable kept = HttpFields.build(given);
            CONDITIONS.forEach(kept::remove);
            if (given.getValuesList(HttpHeader.IF_NONE_MATCH).stream()
                    .anyMatch(tags -> tags.contains(tag.getValue()))) {
                kept.put(HttpHeader.IF_NONE_MATCH, tag.getValue());
            }
            headers = kept.asImmutable();
        }

        @Override
        public HttpFields getHeaders() {
            return headers;
        }
    }
}
