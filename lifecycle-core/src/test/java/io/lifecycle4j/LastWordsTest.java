package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(30)
class LastWordsTest {

    @Test
    void aLineThatTheLogHasNotBegunInTimeIsWrittenToStderrAlone() {
        Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        logger.addAppender(appender);
        List<String> signals = new CopyOnWriteArrayList<>();
        LastWords words = new LastWords("late-words");
        try {
            // Its helpers are not there yet.
            words.speak("written to stderr", true, () -> signals.add("restored"));
            words.start();
            Awaitility.await().until(() -> isWaiting("log") && isGone("stderr") && isGone("signals"));
        } finally {
            logger.detachAppender(appender);
            words.end();
        }
        assertThat(appender.list).isEmpty();
        assertThat(signals).containsExactly("restored");
    }

    private static boolean isWaiting(String helper) {
        return helpers(helper).anyMatch(thread -> thread.getState() == Thread.State.WAITING);
    }

    private static boolean isGone(String helper) {
        return helpers(helper).findAny().isEmpty();
    }

    private static Stream<Thread> helpers(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("late-words-last-words-" + name));
    }
}
