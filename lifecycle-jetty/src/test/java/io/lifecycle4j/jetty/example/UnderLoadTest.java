package io.lifecycle4j.jetty.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lifecycle4j.testing.JavaProcess;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The example of docs/testing.md. */
@Timeout(60)
@DisabledOnOs(OS.WINDOWS) // has no TERM
class UnderLoadTest {
    private final ExecutorService clients = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        clients.shutdownNow();
    }

    // begin: under-load
    private final HttpClient http = HttpClient.newHttpClient();

    int order(String address) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(address)).build();
        return http.send(request, BodyHandlers.ofString()).statusCode(); // a connection that breaks off fails the test
    }

    int ordersUntilRejected(String address) throws Exception {
        int served = 0;
        int status = order(address);
        while (status == 200) {
            served++;
            status = order(address);
        }
        assertEquals(503, status);
        return served;
    }

    @Test
    void noOrderIsLostWhenTermComesUnderLoad() throws Exception {
        try (JavaProcess shop = JavaProcess.of(OrdersMain.class).startAndAwaitLine("is running")) {
            String address = shop.awaitLine("http://"); // its main prints where it listens
            List<Future<Integer>> served = new ArrayList<>();
            for (int client = 0; client < 8; client++) {
                served.add(clients.submit(() -> ordersUntilRejected(address)));
            }
            Future<Integer> slow = clients.submit(() -> order(address + "/slow"));
            shop.awaitLine("a slow order has come"); // takes two seconds, which the drain waits for

            shop.signal("TERM");
            for (Future<Integer> each : served) {
                assertTrue(each.get() > 0);
            }
            assertEquals(200, slow.get());

            JavaProcess.Exit exit = shop.awaitExit();
            assertEquals(0, exit.status());
            assertTrue(exit.sinceSignal().compareTo(Duration.ofSeconds(10)) < 0);
            assertTrue(shop.says("CLEAN"));
        }
    }
    // end: under-load
}
