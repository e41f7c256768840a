package io.lifecycle4j.benchmarks.peers;

import java.time.Instant;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Spring Boot, on whatever server is on the class path. */
@SpringBootApplication
@RestController
public class SpringPeer {

    public static void main(String[] arguments) {
        SpringApplication application = new SpringApplication(SpringPeer.class);
        application.setDefaultProperties(Map.of(
                "server.address", "127.0.0.1",
                "server.port", "0",
                "server.shutdown", "graceful",
                "spring.lifecycle.timeout-per-shutdown-phase", "10s",
                // room for the idle connections: Tomcat takes 8,192 and closes after 20 s and 100 requests, Jetty after
                // 30 s
                "server.tomcat.max-connections", "20000",
                "server.tomcat.keep-alive-timeout", "5m",
                "server.tomcat.max-keep-alive-requests", "-1",
                "server.jetty.connection-idle-timeout", "5m"));
        String port = application.run(arguments).getEnvironment().getRequiredProperty("local.server.port");
        System.out.println("listening " + port);
    }

    @GetMapping("/")
    String ok() {
        return "ok";
    }

    @GetMapping("/slow")
    String slow(@RequestParam("millis") long millis) throws InterruptedException {
        System.out.println("slow");
        Thread.sleep(millis);
        return "ok";
    }

    /** Its phase is below those of the web server, so it is stopped after it. */
    @Component
    static class AfterTheServer implements SmartLifecycle {
        private volatile boolean running;

        @Override
        public void start() {
            running = true;
        }

        @Override
        public void stop() {
            System.out.println("stopped " + Instant.now());
            running = false;
        }

        @Override
        public boolean isRunning() {
            return running;
        }

        @Override
        public int getPhase() {
            return 0;
        }
    }
}
