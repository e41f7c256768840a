package io.lifecycle4j.jetty.example;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

/** The ten lines of README.md, made to run. No test runs them, since they listen on a fixed port of every address. */
final class ShopMain {
    private static final String url = "shop";

    private ShopMain() {}

    // begin: readme
    public static void main(String[] args) {
        App.run("shop", app -> {
            Database database = app.resource("database", Database.open(url)); // closed last
            Server jetty = new Server(8080);
            jetty.setHandler(new ShopHandler(database));
            app.server(JettyServer.of("business", jetty)); // 503, drain, stop
            app.onShutdown("flush", context -> database.flush(context.remaining()));
        });
    }
    // end: readme

    static void health(AppBuilder app) {
        // begin: readme-health
        Server admin = new Server(8081);
        admin.setHandler(new HealthHandler(app.view())); // /livez, /readyz
        app.server(JettyServer.of("admin", admin).drainPolicy(DrainPolicy.ALWAYS_OPEN));
        // end: readme-health
    }

    private record Database(String url) implements AutoCloseable {
        static Database open(String url) {
            return new Database(url);
        }

        void flush(Duration limit) {
            System.out.println("flushed within " + limit);
        }

        @Override
        public void close() {}
    }

    private static final class ShopHandler extends Handler.Abstract {
        private final Database database;

        ShopHandler(Database database) {
            this.database = database;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            if (Request.getPathInContext(request).equals("/slow")) {
                // Time for a Ctrl+C.
                Thread.sleep(3_000);
            }
            response.write(true, ByteBuffer.wrap(database.url().getBytes(US_ASCII)), callback);
            return true;
        }
    }
}
