package io.lifecycle4j.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppView;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.testing.FakeProcess;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The example of docs/testing.md. */
class ShopTest {

    // begin: app
    /** A service that takes orders from a queue and keeps them in a database. */
    static class Shop {
        final List<String> stored = new CopyOnWriteArrayList<>();
        final CountDownLatch database = new CountDownLatch(1); // a flush waits for it
        RequestGate orders = new RequestGate("not set up");

        void configure(AppBuilder app) {
            orders = app.gate("orders");
            app.resource("database", () -> stored.add("closed"));
            app.onShutdown("flush", context -> {
                database.await();
                stored.add("flushed");
            });
        }
    }
    // end: app

    // begin: clean
    @Test
    void anOrderInFlightIsFinishedBeforeTheDatabaseCloses() {
        try (FakeProcess process = new FakeProcess()) {
            Shop shop = new Shop();
            AppView app = process.run("shop", shop::configure); // returns when the app is RUNNING
            assertTrue(shop.orders.tryEnter()); // an order comes in
            shop.database.countDown();

            process.signal("TERM");
            process.awaitPhase(Phase.DRAIN);
            assertFalse(shop.orders.tryEnter()); // a later one is rejected
            assertFalse(app.isReady());
            shop.orders.leave(); // the first is done

            assertEquals(new Exit(0, false), process.awaitExit());
            assertEquals(List.of("flushed", "closed"), shop.stored);
            assertEquals(
                    List.of(new ShutdownReport.Gate("orders", 1, 1, 0, 1)),
                    process.awaitReport().gates());
        }
    }
    // end: clean

    // begin: stuck
    @Test
    void aDatabaseThatHangsCostsTheFlushAndNotTheExit() {
        try (FakeProcess process = new FakeProcess()) {
            Shop shop = new Shop();
            process.run("shop", shop::configure);

            process.signal("TERM");
            process.awaitStuck(Phase.CALLBACKS, "flush"); // all else has ended
            process.advance(Duration.ofSeconds(3)); // the default limit of a callback; takes no time here

            assertEquals(new Exit(1, false), process.awaitExit());
            assertEquals(List.of("closed"), shop.stored);
        }
    }
    // end: stuck

    // begin: forced
    @Test
    void aSecondSignalForcesTheExit() {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", new Shop()::configure);

            process.signal("INT");
            process.awaitPhase(Phase.CALLBACKS);
            process.signal("TERM"); // another INT at once would count as the echo of the first

            assertEquals(new Exit(1, true), process.awaitExit());
        }
    }
    // end: forced
}
