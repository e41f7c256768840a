package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(30)
class LastWordsTest {

    @Test
    void whatAHelperHasNotBegunInTimeItNeverDoes() {
        Logger logger = (Logger) LoggerFactory.getLogger("io.lifecycle4j");
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        logger.addAppender(appender);
        List<String> signals = new CopyOnWriteArrayList<>();
        LastWords words = new LastWords("late-words");
        try {
            words.speak("nobody hears this", true, () -> signals.add("restored")); // its helpers are not there yet
            words.start();
            Awaitility.await().until(() -> helpersThatWait() == 3);
        } finally {
            logger.detachAppender(appender);
            words.end();
        }
        assertThat(appender.list).isEmpty();
        assertThat(signals).isEmpty();
    }

    private static long helpersThatWait() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("late-words-last-words-")
                        && thread.getState() == Thread.State.WAITING)
                .count();
    }
}
