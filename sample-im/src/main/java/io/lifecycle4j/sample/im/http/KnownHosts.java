package io.lifecycle4j.sample.im.http;

import io.lifecycle4j.sample.im.protocol.Json;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Serves under the names that this server is known by, and no other. A page whose own name was pointed at this server's address (DNS
 * rebinding) would otherwise pass for this server's. An address cannot be pointed elsewhere, and is always served.
 */
public final class KnownHosts extends Handler.Wrapper {
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[.*]");

    private final Set<String> names;

    public KnownHosts(List<String> names, Handler handler) {
        super(handler);
        this.names = names.stream().map(KnownHosts::lowerCase).collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        String host = Request.getServerName(request);
        if (isKnown(host)) {
            return super.handle(request, response, callback);
        }
        Json.problem(
                response,
                HttpStatus.MISDIRECTED_REQUEST_421,
                "host '" + host + "' (expected: localhost, an address, or a name that --server-name gives)",
                callback);
        return true;
    }

    private boolean isKnown(@Nullable String host) {
        return host != null
                && (host.equalsIgnoreCase("localhost")
                        || ADDRESS.matcher(host).matches()
                        || names.contains(lowerCase(host)));
    }

    private static String lowerCase(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
