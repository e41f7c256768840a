package io.lifecycle4j.jetty;

import io.lifecycle4j.App;
import java.util.Arrays;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A service that says when its rehearsal is over. {@link UnderstudyTest} runs it. */
final class RehearsedMain {

    private RehearsedMain() {}

    public static void main(String[] args) {
        Thread main = Thread.currentThread();
        App.run("shop", app -> {
            Server jetty = new Server();
            jetty.addConnector(new ServerConnector(jetty));
            app.server(JettyServer.of("business", jetty));
            Thread watch = new Thread(() -> sayWhenWaiting(main));
            watch.setDaemon(true);
            watch.start();
        });
    }

    private static void sayWhenWaiting(Thread main) {
        while (Arrays.stream(main.getStackTrace())
                .noneMatch(frame -> frame.getMethodName().equals("awaitEnd"))) {
            Thread.onSpinWait();
        }
        System.out.println("rehearsal is over");
    }
}
