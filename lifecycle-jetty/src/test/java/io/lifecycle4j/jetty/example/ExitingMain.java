package io.lifecycle4j.jetty.example;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.JettyServer;
import java.time.Duration;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/** A program with long limits in which a request ends the process. */
final class ExitingMain {
    private ExitingMain() {}

    public static void main(String[] args) {
        App.run("exiting", app -> {
            Duration limit = Duration.ofMinutes(5);
            app.shutdownTimeout(limit.multipliedBy(10)).drainTimeout(limit).stopTimeout(limit);
            Server jetty = new Server();
            ServerConnector connector = new ServerConnector(jetty);
            connector.setHost("127.0.0.1");
            connector.setPort(Integer.parseInt(args[0]));
            jetty.addConnector(connector);
            jetty.setHandler(new Handler.Abstract() {
                @Override
                public boolean handle(Request request, Response response, Callback callback) {
                    System.exit(7);
                    return true;
                }
            });
            app.server(JettyServer.of("business", jetty));
        });
    }
}
