package io.lifecycle4j.benchmarks.peers;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Vert.x, whose server is shut down, then closed with the rest, by a JVM hook. */
public final class VertxPeer {
    private static final long LIMIT_SECONDS = 10;

    private VertxPeer() {}

    public static void main(String[] arguments) {
        Vertx vertx = Vertx.vertx();
        HttpServer server = vertx.createHttpServer();
        server.requestHandler(request -> {
            if (request.path().equals("/slow")) {
                System.out.println("slow");
                long millis = Long.parseLong(request.getParam("millis"));
                vertx.setTimer(millis, timer -> request.response().end("ok"));
            } else {
                request.response().end("ok");
            }
        });
        server.listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture().join();
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                server.shutdown(LIMIT_SECONDS, TimeUnit.SECONDS)
                        .toCompletionStage()
                        .toCompletableFuture()
                        .join();
                System.out.println("stopped " + Instant.now());
                vertx.close().toCompletionStage().toCompletableFuture().join();
            }
        });
        System.out.println("listening " + server.actualPort());
    }
}
