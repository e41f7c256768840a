package io.lifecycle4j;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.util.concurrent.locks.LockSupport;

/** An appender that needs a while for each line. */
public final class SlowAppender extends ConsoleAppender<ILoggingEvent> {
    private static final long A_LINE = 20_000_000;

    @Override
    protected void append(ILoggingEvent event) {
        LockSupport.parkNanos(A_LINE);
        super.append(event);
    }
}
