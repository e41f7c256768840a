package io.lifecycle4j.benchmarks.peers;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerListener;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;

/** Armeria, stopped by its own JVM hook; the argument is its quiet period in milliseconds. */
public final class ArmeriaPeer {

    private ArmeriaPeer() {}

    public static void main(String[] arguments) {
        Duration quiet = Duration.ofMillis(Long.parseLong(arguments[0]));
        Server server = Server.builder()
                .http(new InetSocketAddress("127.0.0.1", 0))
                .gracefulShutdownTimeout(quiet, Duration.ofSeconds(10))
                .idleTimeout(Duration.ofMinutes(5))
                .service("/", (context, request) -> HttpResponse.of("ok"))
                .service("/slow", (context, request) -> {
                    System.out.println("slow");
                    long millis = Long.parseLong(context.queryParams().get("millis", "0"));
                    return HttpResponse.delayed(HttpResponse.of("ok"), Duration.ofMillis(millis));
                })
                .serverListener(ServerListener.builder()
                        .whenStopped(stopped -> System.out.println("stopped " + Instant.now()))
                        .build())
                .build();
        server.closeOnJvmShutdown();
        server.start().join();
        System.out.println("listening " + server.activeLocalPort());
    }
}
