package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lifecycle4j.testing.JavaProcess;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.slf4j.LoggerFactory;

/** A shutdown over nothing, before the real one. */
@Timeout(60)
class RehearsalTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger("ROOT");
    private final Level level = logger.getLevel();
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final List<String> events = new CopyOnWriteArrayList<>();

    @BeforeEach
    void capture() {
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        logger.setLevel(Level.TRACE);
        logger.addAppender(appender);
    }

    @AfterEach
    void release() {
        logger.setLevel(level);
        logger.detachAppender(appender);
    }

    private FakeServer serverWith(ManagedServer understudy) {
        return new FakeServer("for " + understudy.name(), events) {
            @Override
            public ManagedServer understudy() {
                return understudy;
            }
        };
    }

    private static void rehearse(ManagedServer... servers) {
        Registry registry = new Registry();
        for (ManagedServer server : servers) {
            registry.add(server, null);
        }
        Rehearsal.run("im", registry.seal());
    }

    private static void assertNoThreadIsLeft() {
        Awaitility.await()
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("im-rehearsal")));
    }

    @Test
    void understudiesGoThroughAWholeLifeAndTheServersThemselvesAreLeftAlone() {
        FakeServer real = serverWith(new FakeServer("understudy", events));
        rehearse(new FakeServer("other", events), real);
        assertThat(events)
                .containsExactly("start understudy", "announce understudy", "drain understudy", "stop understudy");
        assertThat(real.gate().isClosed()).isFalse();
        assertNoThreadIsLeft();
    }

    @Test
    void oneUnderstudyStandsInForAllServersOfAClass() {
        rehearse(serverWith(new FakeServer("first", events)), serverWith(new FakeServer("second", events)));
        assertThat(events).contains("stop first").doesNotContain("stop second");
    }

    @Test
    void aRehearsalWritesNoLine() {
        rehearse(serverWith(new FakeServer("understudy", events)));
        assertNoThreadIsLeft();
        assertThat(appender.list).isEmpty();
    }

    @Test
    void anUnderstudyThatFailsIsStoppedAndNobodyHearsOfIt() {
        rehearse(serverWith(new FakeServer("understudy", events) {
            @Override
            public void start(ServerContext context) throws Exception {
                super.start(context);
                throw new IllegalStateException("start");
            }

            @Override
            public void stop(ShutdownContext context) throws Exception {
                super.stop(context);
                throw new IllegalStateException("stop");
            }
        }));
        assertThat(events).startsWith("start understudy").endsWith("stop understudy");
        assertNoThreadIsLeft();
        assertThat(appender.list).isEmpty();
    }

    @Test
    void anUnderstudyThatHangsEndsTheRehearsalAtItsLimit() {
        CountDownLatch never = new CountDownLatch(1);
        rehearse(serverWith(new FakeServer("understudy", events) {
            @Override
            public void drain(ShutdownContext context) throws Exception {
                super.drain(context);
                never.await();
            }
        }));
        assertThat(events).endsWith("drain understudy", "stop understudy");
        assertNoThreadIsLeft();
        assertThat(appender.list).isEmpty();
    }

    @Test
    void aServerWhoseUnderstudyCannotBeMadeIsNotRehearsed() {
        rehearse(new FakeServer("business", events) {
            @Override
            public ManagedServer understudy() {
                throw new IllegalStateException("no understudy");
            }
        });
        assertThat(events).isEmpty();
        assertThat(appender.list).isEmpty();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // has no kill
    void afterARehearsalAShutdownLoadsNoClassOfTheLibrary() throws Exception {
        try (JavaProcess child =
                ChildApp.jvm("rehearsed", "-Xlog:class+load:stdout:none").startAndAwaitLine("rehearsal is over")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            List<String> lines = child.lines();
            List<String> since = lines.subList(lines.indexOf("rehearsal is over"), lines.size());
            assertThat(since)
                    .anyMatch(line -> line.contains("Shutdown of 'child' (SIGTERM): CLEAN"))
                    .noneMatch(line -> line.startsWith("io.lifecycle4j") && !line.contains("ChildApp"));
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // has no kill
    void aSignalInTheMidstOfARehearsalIsObeyedAtOnce() throws Exception {
        try (JavaProcess child = ChildApp.jvm("hanging-rehearsal").startAndAwaitLine("rehearsal hangs")) {
            child.signal("TERM");
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines()).containsSubsequence("flushed", "closed");
            assertThat(child.count("Shutdown of 'child' (SIGTERM): CLEAN")).isEqualTo(1);
        }
    }
}
