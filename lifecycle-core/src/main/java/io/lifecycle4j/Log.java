package io.lifecycle4j;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLogger;

/**
 * The library's log. Its methods never throw: no broken filter or appender decides what becomes of an app. They may block, as
 * {@link #LOGGER} may; a shutdown therefore writes to it from threads of its own only.
 */
final class Log {
    /** As it is, for those who must know what became of a line. */
    static final Logger LOGGER = logger();

    private Log() {}

    private static Logger logger() {
        try {
            return LoggerFactory.getLogger("io.lifecycle4j");
        } catch (Throwable e) { // of which SLF4J itself has told stderr
            return NOPLogger.NOP_LOGGER;
        }
    }

    static void debug(String format, @Nullable Object... values) {
        try {
            LOGGER.debug(format, values);
        } catch (Throwable e) {
            // nobody is left to be told
        }
    }

    static void info(String format, @Nullable Object... values) {
        try {
            LOGGER.info(format, values);
        } catch (Throwable e) {
            // nobody is left to be told
        }
    }

    static void warn(String format, @Nullable Object... values) {
        try {
            LOGGER.warn(format, values);
        } catch (Throwable e) {
            // nobody is left to be told
        }
    }

    static void error(String format, @Nullable Object... values) {
        try {
            LOGGER.error(format, values);
        } catch (Throwable e) {
            // nobody is left to be told
        }
    }
}
