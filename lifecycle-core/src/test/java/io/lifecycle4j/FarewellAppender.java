package io.lifecycle4j;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;

/** Says when it has been stopped. */
public final class FarewellAppender extends ConsoleAppender<ILoggingEvent> {

    @Override
    public void stop() {
        super.stop();
        System.err.println("the logger has stopped");
    }
}
