package io.lifecycle4j.jetty.example;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.HealthHandler;
import io.lifecycle4j.jetty.JettyServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

/** The example of docs/load-balancers.md. {@link MainsTest} runs it. */
final class BalancedMain {

    private BalancedMain() {}

    public static void main(String[] args) {
        Server jetty = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])));
        Handler handler = new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                response.write(true, ByteBuffer.wrap("done\n".getBytes(US_ASCII)), callback);
                return true;
            }
        };
        // begin: balanced
        App.run("shop", app -> {
            app.announceDelay(Duration.ofSeconds(3)); // see below: why three
            jetty.setHandler(new Handler.Sequence(new HealthHandler(app.view()), handler)); // /livez and /readyz
            app.server(JettyServer.of("business", jetty).exempt(HealthHandler::isProbe));
        });
        // end: balanced
    }
}
