// begin: hello
import io.lifecycle4j.App;
import io.lifecycle4j.jetty.JettyServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

public class Hello {
    public static void main(String[] args) {
        int port = args.length == 0 ? 8080 : Integer.parseInt(args[0]);
        App.run("hello", app -> {
            Server jetty = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            jetty.setHandler(new Greeting());
            app.server(JettyServer.of("business", jetty)); // 503, drain, stop
            app.onShutdown("say-goodbye", context -> System.out.println("goodbye"));
        });
    }

    /** Greets at once; under /slow, after three seconds. */
    static class Greeting extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            if (Request.getPathInContext(request).equals("/slow")) {
                System.out.println("a slow request begins");
                Thread.sleep(3000);
            }
            Content.Sink.write(response, true, "hello\n", callback);
            return true;
        }
    }
}
// end: hello
