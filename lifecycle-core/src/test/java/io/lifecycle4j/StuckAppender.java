package io.lifecycle4j;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.CountDownLatch;

/** Works until a shutdown begins, then never returns, with the lock that Logback holds for it. */
public final class StuckAppender extends AppenderBase<ILoggingEvent> {
    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    protected void append(ILoggingEvent event) {
        System.out.println(event.getFormattedMessage());
        while (event.getFormattedMessage().contains("is shutting down")) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // as a write to a dead disk would
            }
        }
    }
}
