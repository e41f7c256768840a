package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

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
    void theFirstReasonStandsAndIsToldToThoseWhoWait() throws Exception {
        assertThat(lifecycle.starting() && lifecycle.started()).isTrue();
        assertThat(lifecycle.requestStop(ShutdownReason.request("first"))).isTrue();
        assertThat(lifecycle.requestStop(ShutdownReason.request("second"))).isFalse();
        lifecycle.announceStop();
        assertThat(lifecycle
                        .whenShuttingDown()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS)
                        .description())
                .isEqualTo("first");
        assertThat(lifecycle.stop().wasRunning()).isTrue();
    }
}
