package io.lifecycle4j.benchmarks;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/**
 * A small service that {@code benchmarks/restarts.py} restarts under load: HTTP/1.1 and HTTP/2 at one port, probes included. Its arguments are
 * the port and a variant: {@code inherited} (the listening socket of its parent), {@code own} (one that it binds), {@code told} (an
 * announce delay), {@code untold} (as long a time in which readiness is red and all is served, without the goodbye).
 */
public final class RestartPeer {
    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final int QUEUE = 1_024;

    private RestartPeer() {}

    public static void main(String[] arguments) {
        Server jetty = new Server();
        HttpConfiguration http = new HttpConfiguration();
        ServerConnector connector = new ServerConnector(
                jetty,
                null,
                null,
                null,
                0,
                -1,
                new HttpConnectionFactory(http),
                new HTTP2CServerConnectionFactory(http));
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(arguments[0]));
        connector.setAcceptQueueSize(QUEUE);
        jetty.addConnector(connector);
        JettyServer server = JettyServer.of("http", jetty).exempt(HealthHandler::isProbe);
        App.run("peer", app -> {
            switch (arguments[1]) {
                case "inherited" -> server.inheritedSocket().drainPolicy(DrainPolicy.STOP_ACCEPTING);
                case "own" -> {}
                case "told" -> app.announceDelay(DELAY);
                case "untold" ->
                    app.onAnnounce(
                            "wait", DELAY.multipliedBy(2), context -> TimeUnit.NANOSECONDS.sleep(DELAY.toNanos()));
                default -> throw new IllegalArgumentException(arguments[1]);
            }
            jetty.setHandler(new Handler.Sequence(new HealthHandler(app.view()), new Ok()));
            app.server(server);
        });
    }

    private static final class Ok extends Handler.Abstract.NonBlocking {

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Content.Sink.write(response, true, "ok", callback);
            return true;
        }
    }
}
