package io.lifecycle4j.jetty.example;

import io.lifecycle4j.App;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** The program whose shutdown docs/reading.md reads. {@link MainsTest} runs it. */
final class Troubled {

    private Troubled() {}

    public static void main(String[] args) {
        // begin: troubled
        App.run("shop", app -> {
            app.callbackTimeout(Duration.ofSeconds(1));
            app.resource("database", () -> System.out.println("the database is closed"));
            app.onShutdown("flush", context -> {
                context.note("12 of 40 rows");
                new CountDownLatch(1).await(); // for ever
            });
            app.onShutdown("say-goodbye", context -> {
                throw new IOException("no route to host");
            });
        });
        // end: troubled
    }
}
