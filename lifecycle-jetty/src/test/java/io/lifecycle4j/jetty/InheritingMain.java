package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lifecycle4j.App;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/** A service on the socket that its parent hands over. {@link InheritedSocketTest} runs it. */
final class InheritingMain {

    private InheritingMain() {}

    /** Takes the port, the number of servers that want the socket, and the number of acceptor threads. */
    public static void main(String[] args) {
        int port = Integer.parseInt(args[0]);
        int servers = Integer.parseInt(args[1]);
        int acceptors = Integer.parseInt(args[2]);
        App.run("shop", app -> {
            for (int i = 0; i < servers; i++) {
                Server jetty = new Server();
                // begin: inherited
                ServerConnector connector = new ServerConnector(
                        jetty,
                        null,
                        null,
                        null,
                        acceptors,
                        -1,
                        new HttpConnectionFactory(),
                        new HTTP2CServerConnectionFactory(new HttpConfiguration()));
                connector.setHost("127.0.0.1");
                connector.setPort(port);
                jetty.addConnector(connector);
                jetty.setHandler(new Ok());
                app.server(JettyServer.of("business" + i, jetty)
                        .inheritedSocket()
                        .drainPolicy(DrainPolicy.STOP_ACCEPTING));
                // end: inherited
            }
            app.drainTimeout(Duration.ofSeconds(5));
            app.onShutdown("print", context -> System.out.println("the console is still here"));
        });
    }

    private static final class Ok extends Handler.Abstract.NonBlocking {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            response.write(true, ByteBuffer.wrap("ok".getBytes(US_ASCII)), callback);
            return true;
        }
    }
}
