package io.lifecycle4j.benchmarks;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.JettyServer;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.websocket.server.config.JettyWebSocketServletContainerInitializer;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/**
 * A Jetty server to load and to stop: bare, with its own GracefulHandler, run by an app, or run by an app with WebSocket sessions of Jetty's API or of a servlet. Like every peer, it says {@code
 * listening} and its port, {@code slow} when a slow request has come in, and {@code stopped} and the time when it has stopped.
 */
public final class JettyPeer {
    private static final Duration IDLE = Duration.ofMinutes(5); // the default of 30 s is too short to gather a crowd
    private static final long LIMIT_MILLIS = 10_000;

    private JettyPeer() {}

    public static void main(String[] arguments) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setIdleTimeout(IDLE.toMillis());
        server.addConnector(connector);
        server.setHandler(new Ok());
        server.addEventListener(new Announcer(connector));
        switch (arguments[0]) {
            case "bare" -> server.start();
            case "graceful" -> {
                server.insertHandler(new GracefulHandler());
                server.setStopTimeout(LIMIT_MILLIS);
                server.setStopAtShutdown(true);
                server.start();
            }
            case "app" -> App.run("peer", app -> app.server(JettyServer.of("http", server)));
            case "sessions" -> {
                server.insertHandler(webSocket(server));
                App.run("peer", app -> app.server(JettyServer.of("http", server)));
            }
            case "servlet-sessions" -> {
                server.setHandler(new Handler.Sequence(new Ok(), servlets()));
                App.run("peer", app -> app.server(JettyServer.of("http", server)));
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static WebSocketUpgradeHandler webSocket(Server server) {
        return WebSocketUpgradeHandler.from(server, container -> {
            container.setIdleTimeout(IDLE);
            container.addMapping("/ws", (request, response, callback) -> new Silent());
        });
    }

    private static ServletContextHandler servlets() {
        ServletContextHandler context = new ServletContextHandler("/");
        JettyWebSocketServletContainerInitializer.configure(context, (servletContext, container) -> {
            container.setIdleTimeout(IDLE);
            container.addMapping("/ws", (request, response) -> new Silent());
        });
        return context;
    }

    private static final class Ok extends Handler.Abstract.NonBlocking {

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            if (Request.getPathInContext(request).equals("/ws")) {
                return false; // a servlet's
            }
            if (Request.getPathInContext(request).equals("/slow")) {
                System.out.println("slow");
                long millis =
                        Long.parseLong(Request.extractQueryParameters(request).getValue("millis"));
                request.getComponents()
                        .getScheduler()
                        .schedule(
                                () -> Content.Sink.write(response, true, "ok", callback),
                                millis,
                                TimeUnit.MILLISECONDS);
            } else {
                Content.Sink.write(response, true, "ok", callback);
            }
            return true;
        }
    }

    /** Public, or Jetty cannot call it. */
    public static final class Silent implements Session.Listener.AutoDemanding {}

    private record Announcer(ServerConnector connector) implements LifeCycle.Listener {

        @Override
        public void lifeCycleStarted(LifeCycle server) {
            System.out.println("listening " + connector.getLocalPort());
        }

        @Override
        public void lifeCycleStopped(LifeCycle server) {
            System.out.println("stopped " + Instant.now());
        }
    }
}
