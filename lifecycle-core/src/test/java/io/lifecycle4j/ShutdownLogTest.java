package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lifecycle4j.testing.FakeProcess;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What an operator reads. */
@Timeout(30)
class ShutdownLogTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final FakeProcess process = new FakeProcess();
    private final CountDownLatch atIt = new CountDownLatch(1);
    private final CountDownLatch never = new CountDownLatch(1);

    @BeforeEach
    void capture() {
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        logger.addAppender(appender);
    }

    @AfterEach
    void release() {
        never.countDown();
        process.close(); // what a forced app still does, it shall not do in the next test
        logger.detachAppender(appender);
    }

    private List<String> lines() {
        return appender.list.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }

    @Test
    void aDrainOfCallbacksAloneHasItsLineLikeAnyPhaseWithWork() {
        process.run("im", app -> app.onDrain("end-streams", context -> {}));
        process.signal("TERM");
        assertThat(process.awaitExit().status()).isZero();
        assertThat(lines()).contains("INFO DRAIN: end-streams");
    }

    @Test
    void atDebugEachStepThatEndedWellIsToldWithItsTime() {
        logger.setLevel(Level.DEBUG);
        try {
            process.run("im", app -> app.resource("database", () -> process.advance(Duration.ofMillis(1_200))));
            process.signal("TERM");
            assertThat(process.awaitExit().status()).isZero();
        } finally {
            logger.setLevel(null);
        }
        assertThat(lines()).contains("DEBUG RELEASE: 'database' done in 1.2 s");
    }

    @Test
    void aShutdownWithTroubleSaysWhatHappenedWhatWasSlowAndWhatWasStuck() throws Exception {
        FakeServer business = new FakeServer("business", new CopyOnWriteArrayList<>());
        process.run("im", app -> {
            app.server(business);
            app.server(new FakeServer("other", new CopyOnWriteArrayList<>()) {
                @Override
                public List<RequestGate> gates() {
                    return List.of();
                }

                @Override
                public List<String> inFlight() {
                    return List.of("of another server");
                }
            });
            app.resource("database", () -> {
                throw new IllegalStateException("not connected");
            });
            app.onShutdown("flush", context -> stuck());
        });
        assertThat(business.gate().tryEnter()).isTrue();
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN);
        assertThat(business.gate().tryEnter()).isFalse();
        process.advance(Duration.ofSeconds(10));
        process.awaitStuck(Phase.CALLBACKS, "flush");
        atIt.await();
        process.advance(Duration.ofMillis(2_900));
        process.awaitPhase(Phase.CALLBACKS);
        process.advance(Duration.ofMillis(100));
        assertThat(process.awaitExit().status()).isEqualTo(1);
        String all = String.join("\n", lines());
        assertThat(all.replaceAll("\n\tat (?!io.lifecycle4j.ShutdownLogTest.stuck).*", "")
                        .replaceAll(":\\d+\\)", ")"))
                .isEqualTo("""
                        INFO App 'im' is running; Ctrl+C or TERM stops it, a second one forces the exit
                        INFO App 'im' is shutting down: SIGTERM; at most 25 s; a second signal forces the exit
                        INFO DRAIN: rejecting new requests; in flight: 1 at 'business'
                        WARN DRAIN: gate 'business' still has 1 in flight at the limit; going on
                        \tGET /slow, 3 s
                        INFO STOP: business, other
                        INFO CALLBACKS: flush
                        WARN CALLBACKS: 'flush' is interrupted near its limit of 3 s; it was at
                        \tat io.lifecycle4j.ShutdownLogTest.stuck(ShutdownLogTest.java)
                        INFO RELEASE: database
                        ERROR RELEASE: 'database' failed
                        INFO Shutdown of 'im' (SIGTERM): TIMED_OUT after 13 s
                          ANNOUNCE 0 ms, DRAIN 10 s, STOP 0 ms, CALLBACKS 3 s, RELEASE 0 ms
                          gate business                     1 in flight, 0 drained, 1 abandoned, 1 rejected
                          DRAIN     business                CLEAN     0 ms
                          STOP      business                CLEAN     0 ms
                          STOP      other                   CLEAN     0 ms
                          CALLBACKS flush                   TIMED_OUT 3 s  abandoned
                          RELEASE   database                FAILED    0 ms  java.lang.IllegalStateException: not connected""");
        assertThat(appender.list)
                .filteredOn(event -> event.getThrowableProxy() != null)
                .hasSize(1); // a failure's stack once, and no thread dump
    }

    @Test
    void aForcedExitNamesAllThatHasNotEnded() throws Exception {
        FakeServer business = new FakeServer("business", new CopyOnWriteArrayList<>());
        process.run("im", app -> {
            app.announceDelay(Duration.ofSeconds(5));
            app.server(business);
            app.onDrain("streams", context -> stuck());
        });
        assertThat(business.gate().tryEnter()).isTrue();
        process.signal("INT");
        process.awaitPhase(Phase.ANNOUNCE);
        process.advance(Duration.ofSeconds(5));
        process.awaitStuck(Phase.DRAIN, "streams");
        process.signal("TERM");
        assertThat(process.awaitExit().forced()).isTrue();
        business.gate().leave();
        assertThat(lines())
                .contains(
                        "INFO ANNOUNCE: not ready; requests are served for another 5 s",
                        "ERROR App 'im' is forced to exit with status 1: second signal (SIGTERM); DRAIN;"
                                + " still running: DRAIN streams; 1 in flight at 'business'");
    }

    @Test
    void aForcedExitWhileStartingNamesTheServer() throws Exception {
        process.launch(
                "im",
                app -> app.server(new FakeServer("business", new CopyOnWriteArrayList<>()) {
                    @Override
                    public void start(ServerContext context) {
                        stuck();
                    }
                }));
        atIt.await();
        process.signal("INT");
        process.signal("TERM");
        assertThat(process.awaitExit().forced()).isTrue();
        assertThat(lines()).anyMatch(line -> line.matches(".*still running: start of server 'business'.*"));
    }

    @Test
    void aTaskThatDoesNotStopIsShownByItsOwnStack() throws Exception {
        process.run("im", app -> app.task("worker", view -> stuck()));
        atIt.await();
        process.signal("TERM");
        process.awaitStuck(Phase.STOP, "worker");
        process.advance(Duration.ofMillis(4_900));
        process.awaitStuck(Phase.STOP, "worker");
        process.advance(Duration.ofMillis(100));
        process.awaitExit();
        assertThat(String.join("\n", lines()))
                .contains("WARN STOP: 'worker' is interrupted near its limit of 5 s", "ShutdownLogTest.stuck(");
    }

    @Test
    void aFailedStartIsOneLine() {
        process.launch("im", app -> {
            app.resource("database", () -> {});
            app.server(new FakeServer("business", new CopyOnWriteArrayList<>()) {
                @Override
                public void start(ServerContext context) throws Exception {
                    throw new AppStartException("server 'business': port 8080 is in use", null);
                }
            });
        });
        process.awaitExit();
        assertThat(lines()).containsExactly("ERROR App 'im' could not start: server 'business': port 8080 is in use");
    }

    @Test
    void chosenLimitsBeyondTheWholeAreWarnedOfOnceWithBothValues() {
        process.run("im", app -> {
            app.shutdownTimeout(Duration.ofSeconds(4)); // shorter than the default drainTimeout, which nobody chose
            app.stopTimeout(Duration.ofSeconds(5));
            app.releaseTimeout(Duration.ofSeconds(4));
            app.onShutdown("flush", Duration.ofMinutes(1), context -> {});
            app.resource("database", Duration.ofSeconds(6), () -> {});
            app.startTimeout(Duration.ofMinutes(1)); // no part of a shutdown
        });
        process.signal("TERM");
        process.awaitExit();
        assertThat(lines())
                .containsOnlyOnce(
                        "WARN App 'im': stopTimeout 5 s, limit of 'flush' 60 s, limit of 'database' 6 s exceed shutdownTimeout 4 s, which cuts them");
        assertThat(lines()).filteredOn(line -> line.startsWith("WARN")).hasSize(1);
    }

    @Test
    void aServerThatFailsWhileTheAppShutsDownIsWarnedOf() {
        FakeServer business = new FakeServer("business", new CopyOnWriteArrayList<>());
        process.run("im", app -> {
            app.server(business);
            app.onDrain("lose it", context -> business.fail(new IllegalStateException("the acceptor died")));
        });
        process.signal("TERM");
        assertThat(process.awaitExit().status()).isZero();
        assertThat(lines()).contains("WARN App 'im': server 'business' failed while the app was shutting down already");
    }

    @Test
    void whatAnAbandonedStepThrowsInTheEndIsWarnedOf() {
        process.run(
                "im",
                app -> app.onShutdown("flush", context -> {
                    stuck();
                    throw new IllegalStateException("disk full");
                }));
        process.signal("TERM");
        process.awaitPhase(Phase.CALLBACKS);
        process.advance(Duration.ofSeconds(3));
        process.awaitExit();
        never.countDown();
        Awaitility.await()
                .until(() -> lines().contains(
                                "WARN App 'im': CALLBACKS 'flush', abandoned at its limit, failed afterwards"));
    }

    private void stuck() {
        atIt.countDown();
        while (never.getCount() > 0) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // stubborn
            }
        }
    }
}
