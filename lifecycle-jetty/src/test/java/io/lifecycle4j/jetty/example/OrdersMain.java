package io.lifecycle4j.jetty.example;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.JettyServer;
import java.nio.ByteBuffer;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;

/** What {@link UnderLoadTest} ends: takes orders on a free port, and says on which. */
final class OrdersMain {
    private OrdersMain() {}

    public static void main(String[] args) {
        App.run("shop", app -> {
            Server jetty = new Server();
            ServerConnector connector = new ServerConnector(jetty);
            connector.setHost("127.0.0.1");
            jetty.addConnector(connector);
            jetty.setHandler(new Handler.Abstract() {
                @Override
                public boolean handle(Request request, Response response, Callback callback) throws Exception {
                    if (Request.getPathInContext(request).equals("/slow")) {
                        System.out.println("a slow order has come");
                        Thread.sleep(2_000);
                    }
                    response.write(true, ByteBuffer.wrap("ordered".getBytes(US_ASCII)), callback);
                    return true;
                }
            });
            jetty.addEventListener(new LifeCycle.Listener() {
                @Override
                public void lifeCycleStarted(LifeCycle server) {
                    System.out.println("http://127.0.0.1:" + connector.getLocalPort());
                }
            });
            app.server(JettyServer.of("business", jetty));
        });
    }
}
