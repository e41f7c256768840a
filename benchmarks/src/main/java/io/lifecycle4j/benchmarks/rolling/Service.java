package io.lifecycle4j.benchmarks.rolling;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.lifecycle4j.App;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.Callback;
import org.slf4j.LoggerFactory;

/**
 * The service that is restarted: {@code GET /fast} answers at once, {@code GET /slow} after 100 ms, {@code POST /orders} when the
 * order is executed, and {@code GET /orders}, for whoever measures, how many were.
 */
final class Service {
    static final long SLOW_MILLIS = 100;

    private Service() {}

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
        endWithParent();
        Server jetty = new Server();
        ServerConnector connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(arguments[0]));
        jetty.addConnector(connector);
        Orders orders = new Orders();
        switch (Variant.valueOf(arguments[1])) {
            case ANNOUNCED -> run(jetty, orders, Variant.ANNOUNCED);
            case UNANNOUNCED -> run(jetty, orders, Variant.UNANNOUNCED);
            case JETTY -> {
                jetty.setHandler(new GracefulHandler(new Handler.Sequence(new AlwaysReady(), orders)));
                jetty.setStopTimeout(10_000);
                jetty.setStopAtShutdown(true);
                jetty.start();
            }
            case BARE -> {
                jetty.setHandler(new Handler.Sequence(new AlwaysReady(), orders));
                jetty.start();
            }
        }
    }

    /** A killed measurement leaves nothing behind. */
    private static void endWithParent() {
        ProcessHandle parent = ProcessHandle.current().parent().orElseThrow();
        CompletableFuture<Void> unused =
                parent.onExit().thenRun(() -> Runtime.getRuntime().halt(1));
    }

    private static void run(Server jetty, Orders orders, Variant variant) {
        App.run("shop", app -> {
            app.announceDelay(variant.announceDelay());
            jetty.setHandler(new Handler.Sequence(new HealthHandler(app.view()), orders));
            app.server(JettyServer.of("business", jetty).exempt(HealthHandler::isProbe));
            app.exitStatus(report -> {
                long rejected = report.gates().stream()
                        .mapToLong(ShutdownReport.Gate::rejected)
                        .sum();
                System.out.println("rejected " + rejected);
                System.out.println("executed " + orders.executed.get());
                return report.isClean() ? 0 : 1;
            });
        });
    }

    /** For those without the library: up is ready. */
    private static final class AlwaysReady extends Handler.Abstract.NonBlocking {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            if (!Request.getPathInContext(request).equals("/readyz")) {
                return false;
            }
            callback.succeeded();
            return true;
        }
    }

    private static final class Orders extends Handler.Abstract {
        private final AtomicLong executed = new AtomicLong();

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String path = Request.getPathInContext(request);
            if (path.equals("/slow")) {
                Thread.sleep(SLOW_MILLIS);
            }
            String answer = "ok\n";
            if (path.equals("/orders") && request.getMethod().equals("POST")) {
                Content.Source.asString(request, StandardCharsets.UTF_8);
                executed.incrementAndGet();
            } else if (path.equals("/orders")) {
                answer = executed + "\n";
            }
            Content.Sink.write(response, true, answer, callback);
            return true;
        }
    }
}
