package io.lifecycle4j.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppState;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** The examples of embedded apps in docs/getting-started.md. */
class EmbeddedTest {
    private final List<String> done = new CopyOnWriteArrayList<>();

    @Test
    void theCallerStartsAndStopsItAndGoesOn() throws Exception {
        // begin: embedded
        AppBuilder builder = App.builder("shop").drainTimeout(Duration.ofSeconds(2));
        RequestGate orders = builder.gate("orders");
        builder.onShutdown("flush", context -> done.add("flushed"));
        App app = builder.build();

        app.start(); // returns when all servers have started; throws AppStartException if one could not
        if (orders.tryEnter()) {
            done.add("ordered");
            orders.leave();
        }
        ShutdownReport report = app.shutdown("not needed any more"); // waits for the end
        // end: embedded
        assertTrue(report.isClean());
        assertEquals(List.of("ordered", "flushed"), done);
        assertEquals(AppState.STOPPED, app.state());
    }

    @Test
    void aTryBlockClosesIt() throws Exception {
        AppBuilder builder = App.builder("shop").onShutdown("flush", context -> done.add("flushed"));
        // begin: try
        try (App app = builder.build()) {
            app.start();
            done.add(app.name() + " is " + app.state());
        } // here it has shut down
        // end: try
        assertEquals(List.of("shop is RUNNING", "flushed"), done);
    }
}
