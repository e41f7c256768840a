package io.lifecycle4j.sample.im.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * The page, kept in memory; with headers that let it load and run nothing but itself, and turn no text into markup. A browser keeps it
 * as long as its content is the same: the jar's dates are all one, so they say nothing.
 */
public final class WebPage extends Handler.Abstract.NonBlocking {
    // By name: to list them, the jar would have to be opened a second time, which costs more than all else here.
    static final List<String> FILES = List.of(
            "chat.css",
            "chat.js",
            "company.js",
            "connection.js",
            "dom.js",
            "icon.svg",
            "index.html",
            "links.js",
            "memory.js",
            "notifier.js",
            "outbox.js",
            "page.js",
            "panel.js",
            "room.js",
            "timeline.js",
            "view.js");

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html;charset=utf-8",
            "css", "text/css;charset=utf-8",
            "js", "text/javascript;charset=utf-8",
            "svg", "image/svg+xml");

    private static final HttpFields HEADERS = HttpFields.build()
            .put(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
                            + " require-trusted-types-for 'script'; trusted-types 'none'")
            .put("X-Content-Type-Options", "nosniff")
            .put("Referrer-Policy", "no-referrer")
            .put(HttpHeader.CACHE_CONTROL, "no-cache")
            .asImmutable();

    private final SortedMap<String, byte[]> files = new TreeMap<>();
    private final HttpField tag;

    public WebPage() {
        FILES.forEach(name -> files.put("/" + name, content(name)));
        tag = new HttpField(HttpHeader.ETAG, tag(files));
    }

    /** What the business port serves but for WebSockets: the API, the slow request if asked for, and the page. */
    public static Handler handlers(boolean demo, Handler api) {
        Handler noWebSocket = new UpgradeRequired();
        Handler page = new AllowedMethods(new WebPage(), HttpMethod.GET, HttpMethod.HEAD);
        return demo
                ? new Handler.Sequence(api, noWebSocket, new SlowHandler(), page)
                : new Handler.Sequence(api, noWebSocket, page);
    }

    private static byte[] content(String name) {
        try (InputStream in = WebPage.class.getResourceAsStream("/web/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the page's file " + name + " is not in the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the page's file " + name + " cannot be read", e);
        }
    }

    /** Returns the tag that all files share: it is another one as soon as one of them changes. */
    static String tag(SortedMap<String, byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.forEach((name, content) -> {
                digest.update(name.getBytes(StandardCharsets.UTF_8));
                digest.update(content);
            });
            return '"' + HexFormat.of().formatHex(digest.digest(), 0, 16) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("each JDK has SHA-256", e);
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        String file = path.equals("/") ? "/index.html" : path;
        byte[] content = files.get(file);
        if (content == null) {
            return false;
        }
        response.getHeaders().add(HEADERS).put(tag);
        if (request.getHeaders().getValuesList(HttpHeader.IF_NONE_MATCH).stream()
                .anyMatch(tags -> tags.contains(tag.getValue()))) {
            response.setStatus(HttpStatus.NOT_MODIFIED_304);
            callback.succeeded();
            return true;
        }
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, TYPES.get(file.substring(file.indexOf('.') + 1)));
        response.write(true, ByteBuffer.wrap(content), callback);
        return true;
    }
}
