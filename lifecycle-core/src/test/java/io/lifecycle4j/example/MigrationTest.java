package io.lifecycle4j.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.testing.FakeProcess;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The examples of docs/migration.md and docs/reading.md. */
class MigrationTest {
    private final List<String> done = new CopyOnWriteArrayList<>();
    private final Database database = new Database();
    private final ExecutorService pool = Executors.newSingleThreadExecutor();
    private final Server server = new Server();

    private final class Server implements ManagedServer {
        @Override
        public String name() {
            return "business";
        }

        @Override
        public void start(ServerContext context) {}

        @Override
        public void stop(ShutdownContext context) {
            stop();
        }

        void stop() {
            done.add("server");
            pool.execute(() -> done.add("work of a request"));
        }
    }

    private final class Database implements AutoCloseable {
        void flush() {
            done.add("flush");
        }

        @Override
        public void close() {
            done.add("database");
        }
    }

    Thread hook() {
        // begin: hook
        Thread hook = new Thread(() -> {
            server.stop();
            pool.shutdown();
            try {
                pool.awaitTermination(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                pool.shutdownNow();
            }
            database.flush();
            database.close();
        });
        Runtime.getRuntime().addShutdownHook(hook);
        // end: hook
        return hook;
    }

    // begin: app-instead
    void configure(AppBuilder app) {
        app.resource("database", database);
        app.resource("flush", database::flush); // resources and executors end in reverse order
        app.executor("pool", pool);
        app.server(server);
    }
    // end: app-instead

    @Test
    void theHookDoesWhatItDid() throws Exception {
        Thread hook = hook();
        Runtime.getRuntime().removeShutdownHook(hook);
        hook.start();
        hook.join();
        assertEquals(List.of("server", "work of a request", "flush", "database"), done);
    }

    @Test
    void theAppDoesTheSame() {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", this::configure);
            process.signal("TERM");
            assertEquals(new Exit(0, false), process.awaitExit());
            assertEquals(List.of("server", "work of a request", "flush", "database"), done);
        }
    }

    @Test
    void theStatusCanTellOneTroubleFromAnother() {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", app -> {
                CountDownLatch never = new CountDownLatch(1);
                app.onShutdown("stuck", context -> never.await());
                // begin: status
                app.exitStatus(report -> switch (report.outcome()) {
                    case CLEAN -> 0;
                    case TIMED_OUT -> 75; // sysexits.h: a temporary failure
                    case FAILED -> 1;
                });
                // end: status
            });
            process.signal("TERM");
            process.awaitStuck(io.lifecycle4j.Phase.CALLBACKS, "stuck");
            process.advance(java.time.Duration.ofSeconds(3));
            assertEquals(new Exit(75, false), process.awaitExit());
            assertEquals(ShutdownReport.Outcome.TIMED_OUT, process.awaitReport().outcome());
        }
    }
}
