package shop;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.*;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;

class Shop {
    public static void main(String[] arguments) {
        App.run("shop", app -> {
            Server jetty = new Server(new InetSocketAddress("127.0.0.1", 0));
            jetty.setHandler(new HealthHandler(app.view()));
            app.server(JettyServer.of("business", jetty));
            app.onShutdown("say", context -> System.out.println("bye: " + context.reason()));
            System.out.println("set up");
        });
    }
}
