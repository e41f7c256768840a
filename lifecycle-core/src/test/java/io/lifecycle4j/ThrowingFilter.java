package io.lifecycle4j;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/** Fails in every call of a logger of ours. */
public final class ThrowingFilter extends TurboFilter {
    private boolean fatal;

    public void setFatal(boolean fatal) {
        this.fatal = fatal;
    }

    @Override
    public FilterReply decide(
            @Nullable Marker marker,
            Logger logger,
            Level level,
            @Nullable String format,
            Object @Nullable [] values,
            @Nullable Throwable thrown) {
        if (logger.getName().startsWith("io.lifecycle4j")) {
            if (fatal) {
                throw new NoClassDefFoundError("a broken filter");
            }
            throw new IllegalStateException("a broken filter");
        }
        return FilterReply.NEUTRAL;
    }
}
