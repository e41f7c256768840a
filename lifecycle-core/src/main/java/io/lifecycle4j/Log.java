package io.lifecycle4j;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
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
        } catch (Throwable e) { // SLF4J may have reported it on stderr, and has not if a module is missing
            toStderr("Lifecycle4j cannot log: " + Text.of(e));
            return NOPLogger.NOP_LOGGER;
        }
    }

    /** Writes past the log, on the calling thread; blocks while stderr is a full pipe that nobody reads. */
    static void toStderr(String line) {
        // Not System.err: a stuck step may hold its lock, or somebody may have replaced it. Not closed: it is not ours.
        @SuppressWarnings("resource")
        FileOutputStream stream = new FileOutputStream(FileDescriptor.err);
        try {
            stream.write((line + System.lineSeparator()).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // there is no other place to report it
        }
    }

    static void debug(String format, @Nullable Object... values) {
        write(LOGGER, Level.DEBUG, format, values);
    }

    static void info(String format, @Nullable Object... values) {
        write(LOGGER, Level.INFO, format, values);
    }

    static void warn(String format, @Nullable Object... values) {
        write(LOGGER, Level.WARN, format, values);
    }

    static void error(String format, @Nullable Object... values) {
        write(LOGGER, Level.ERROR, format, values);
    }

    static void write(Logger logger, Level level, String format, @Nullable Object... values) {
        try {
            if (level == Level.DEBUG) {
                logger.debug(format, values);
            } else if (level == Level.INFO) {
                logger.info(format, values);
            } else if (level == Level.WARN) {
                logger.warn(format, values);
            } else {
                logger.error(format, values);
            }
        } catch (Throwable e) {
            // there is no other place to report it
        }
    }
}
