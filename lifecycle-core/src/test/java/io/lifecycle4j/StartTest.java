package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.lifecycle4j.testing.FakeProcess;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The limit of a start, and what is done at its end. */
@Timeout(30)
class StartTest {
    private static final Duration LIMIT = Duration.ofSeconds(7);

    private final FakeProcess process = new FakeProcess();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch hanging = new CountDownLatch(1);

    @Test
    void aSetupThatHangsIsNamedWithItsStackAndTheStartHasFailed() throws Exception {
        process.launch("im", app -> {
            app.startTimeout(LIMIT);
            app.resource("database", () -> events.add("closed"));
            hang();
        });
        hanging.await();
        process.advance(LIMIT);
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsExactly("closed");
        ShutdownReason reason = process.awaitReport().reason();
        assertThat(reason.description()).isEqualTo("setup has not ended within startTimeout 7 s");
        assertThat(Arrays.stream(Objects.requireNonNull(reason.failure()).getStackTrace())
                        .map(StackTraceElement::getMethodName))
                .contains("hang");
    }

    @Test
    void aServerThatHangsInItsStartIsNamedAndWhatHadStartedIsStopped() throws Exception {
        process.launch("im", app -> {
            app.startTimeout(LIMIT);
            app.server(new FakeServer("admin", events));
            app.server(hangingServer());
        });
        hanging.await();
        process.advance(LIMIT);
        assertThat(process.awaitExit()).isEqualTo(new Exit(1, false));
        assertThat(events).containsSubsequence("start admin", "stop admin");
        assertThat(process.awaitReport().reason().description())
                .isEqualTo("start of server 'business' has not ended within startTimeout 7 s");
    }

    @Test
    void theSetupAndTheStartsAreBoundedTogetherAndTheStartThatHasEndedIsLeftAlone() {
        AppView app = process.run("im", builder -> {
            builder.startTimeout(LIMIT);
            process.advance(LIMIT.minusMillis(1));
        });
        process.advance(LIMIT);
        assertThat(app.state()).isEqualTo(AppState.RUNNING);
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
    }

    /** Stands still until the start hangs, and has passed its limit then. */
    private final class HangingClock implements Clock {
        @Override
        public long nanoTime() {
            return hanging.getCount() == 0 ? LIMIT.toNanos() : 0;
        }

        @Override
        public void parkUntil(long nanoTime) {
            LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    @Test
    void theStartOfAnEmbeddedAppIsBoundedToo() {
        AppRunner runner = new AppRunner("im", new HangingClock(), null);
        App app = new App(runner);
        AppBuilder builder = new AppBuilder(app, runner).startTimeout(LIMIT);
        builder.server(hangingServer());
        AppStartException failure = catchThrowableOfType(AppStartException.class, app::start);
        assertThat(failure)
                .hasMessageStartingWith("App 'im' did not start: start of server 'business' has not ended within"
                        + " startTimeout 7 s: java.util.concurrent.TimeoutException");
        assertThat(Thread.interrupted()).isFalse();
        assertThat(app.state()).isEqualTo(AppState.STOPPED);
    }

    @Test
    void theWatchOverAStartEndsWithIt() throws Exception {
        try (App app = App.builder("watched").startTimeout(Duration.ofDays(1)).build()) {
            app.start();
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().equals("watched-start-watch")) {
                    thread.join();
                }
            }
            assertThat(app.state()).isEqualTo(AppState.RUNNING);
        }
    }

    @Test
    void startCallbacksRunInOrderWhenEverythingHasStarted() {
        process.run("im", app -> {
            app.onStart("register", view -> events.add("register " + view.state()));
            app.onStart("open", view -> events.add("open"));
            app.server(new FakeServer("business", events));
        });
        assertThat(events).containsExactly("start business", "register STARTING", "open");
        process.signal("TERM");
        assertThat(process.awaitExit()).isEqualTo(new Exit(0, false));
    }

    @Test
    void aStartCallbackThatThrowsFailsTheStart() {
        AppBuilder builder = App.builder("im");
        builder.server(new FakeServer("business", events));
        builder.onStart("register", view -> {
            throw new IllegalStateException("no registry");
        });
        builder.onStart("open", view -> events.add("open"));
        App app = builder.build();
        assertThatThrownBy(app::start)
                .hasMessage("App 'im' did not start: start callback 'register' failed:"
                        + " java.lang.IllegalStateException: no registry");
        assertThat(events).contains("start business", "stop business").doesNotContain("open");
    }

    @Test
    void aSignalInterruptsAStartCallbackThatHangs() throws Exception {
        process.launch("im", app -> {
            app.server(new FakeServer("business", events));
            app.onStart("register", view -> hang());
        });
        hanging.await();
        process.signal("TERM");
        assertThat(process.awaitExit().forced()).isFalse();
        assertThat(events).contains("stop business");
    }

    private FakeServer hangingServer() {
        return new FakeServer("business", events) {
            @Override
            public void start(ServerContext context) throws Exception {
                hang();
            }
        };
    }

    private void hang() throws InterruptedException {
        hanging.countDown();
        new CountDownLatch(1).await();
    }
}
