package io.lifecycle4j.benchmarks.peers;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.HttpHandler;
import io.undertow.server.handlers.BlockingHandler;
import io.undertow.server.handlers.GracefulShutdownHandler;
import java.net.InetSocketAddress;
import java.time.Instant;

/** Undertow behind its GracefulShutdownHandler, stopped by a JVM hook. */
public final class UndertowPeer {
    private static final long LIMIT_MILLIS = 10_000;

    private UndertowPeer() {}

    public static void main(String[] arguments) {
        HttpHandler ok = exchange -> exchange.getResponseSender().send("ok");
        HttpHandler slow = new BlockingHandler(exchange -> {
            System.out.println("slow");
            Thread.sleep(
                    Long.parseLong(exchange.getQueryParameters().get("millis").getFirst()));
            exchange.getResponseSender().send("ok");
        });
        GracefulShutdownHandler graceful =
                Handlers.gracefulShutdown(Handlers.path(ok).addExactPath("/slow", slow));
        Undertow server = Undertow.builder()
                .addHttpListener(0, "127.0.0.1")
                .setHandler(graceful)
                .build();
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                graceful.shutdown();
                try {
                    graceful.awaitShutdown(LIMIT_MILLIS);
                } catch (InterruptedException e) {
                    interrupt();
                }
                server.stop();
                System.out.println("stopped " + Instant.now());
            }
        });
        InetSocketAddress address =
                (InetSocketAddress) server.getListenerInfo().get(0).getAddress();
        System.out.println("listening " + address.getPort());
    }
}
