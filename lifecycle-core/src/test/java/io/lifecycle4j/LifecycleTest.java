package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private final Lifecycle lifecycle = new Lifecycle("im", Clock.SYSTEM, Events.NONE);

    @Test
    void aStartAfterAStopIsRefusedAndOneInProgressDoesNotGetToRunning() {
        assertThat(lifecycle.starting()).isTrue();
        assertThat(lifecycle.requestStop(ShutdownReason.request("stop"))).isTrue();
        assertThat(lifecycle.started()).isFalse();
        assertThat(lifecycle.starting()).isFalse();
        assertThat(lifecycle.state()).isEqualTo(AppState.STOPPING);
        assertThat(lifecycle.stop().wasRunning()).isFalse();
    }

    @Test
    void aStartThatHasEndedIsNotGivenUp() {
        assertThat(lifecycle.starting() && lifecycle.started()).isTrue();
        assertThat(lifecycle.requestStopOfStart(ShutdownReason.request("too late")))
                .isFalse();
        assertThat(lifecycle.state()).isEqualTo(AppState.RUNNING);
    }

    @Test
    void theFirstReasonStandsAndCompletesTheStages() throws Exception {
        assertThat(lifecycle.starting() && lifecycle.started()).isTrue();
        assertThat(lifecycle.requestStop(ShutdownReason.request("first"))).isTrue();
        assertThat(lifecycle.requestStop(ShutdownReason.request("second"))).isFalse();
        lifecycle.announceStop(new SpareThreads("im", 0));
        assertThat(lifecycle
                        .whenShuttingDown()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS)
                        .description())
                .isEqualTo("first");
        assertThat(lifecycle.stop().wasRunning()).isTrue();
    }

    @Test
    void whereNoThreadCanBeHadWhatDependsOnTheStagesDoesNotRunOnTheSequencesThread() {
        SpareThreads none = new SpareThreads("im", 0) {
            @Override
            Throwable start(Thread thread) {
                return new OutOfMemoryError("no thread");
            }
        };
        List<String> ran = new ArrayList<>();
        var unused = lifecycle.whenShuttingDown().whenComplete((reason, failure) -> ran.add("shutting down"));
        var unusedToo = lifecycle.whenStopped().whenComplete((report, failure) -> ran.add("stopped"));
        ShutdownReason reason = ShutdownReason.request("stop");
        lifecycle.requestStop(reason);
        lifecycle.announceStop(none);
        lifecycle.stopped(ShutdownReport.broken("im", reason, new IllegalStateException("none")), none);
        assertThat(ran).isEmpty();
        assertThat(lifecycle.state()).isEqualTo(AppState.STOPPED);
    }
}
