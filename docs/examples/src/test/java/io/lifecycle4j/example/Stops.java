package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import java.time.Duration;
import org.awaitility.Awaitility;

/** What the tests of all adapters ask of a shutdown. */
final class Stops {
    private static final Duration SOON = Duration.ofSeconds(5);

    private Stops() {}

    /** Limits with which a stop that waits for what the drain abandoned would be seen. */
    static void limitsForAnAbandonedRequest(AppBuilder builder) {
        builder.drainTimeout(Duration.ofMillis(300)).stopTimeout(Duration.ofSeconds(20));
    }

    static void assertThatOneWasAbandonedAndNotWaitedForTwice(ShutdownReport report) {
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 0, 1, 0));
        assertThat(report.steps()).anySatisfy(step -> {
            assertThat(step.phase()).isEqualTo(Phase.STOP);
            assertThat(step.name()).isEqualTo("business");
            assertThat(step.outcome()).isEqualTo(ShutdownReport.Outcome.CLEAN);
            assertThat(step.duration()).isLessThan(SOON);
        });
        assertThat(report.duration()).isLessThan(SOON);
    }

    /** Begins a shutdown whose drain has something to wait for. */
    static void beginDrain(App app, RequestGate gate) {
        app.requestShutdown("test");
        Awaitility.await().until(gate::isClosed);
    }

    static void awaitInFlight(RequestGate gate, int count) {
        Awaitility.await().until(() -> gate.inFlight() == count);
    }

    /** Returns what the log shows of a server that cannot start. */
    static String failureOf(ManagedServer server) {
        AppBuilder builder = App.builder("second");
        builder.server(server);
        try (App app = builder.build()) {
            app.start();
            throw new AssertionError("it started");
        } catch (AppStartException e) {
            assertThat(e.getSuppressed()).isEmpty();
            return String.valueOf(e.getMessage());
        }
    }
}
