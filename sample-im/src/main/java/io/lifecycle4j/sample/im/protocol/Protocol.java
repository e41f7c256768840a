package io.lifecycle4j.sample.im.protocol;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The words of {@code im.v1}: what may be said, and by which codes it is declined. {@code docs/im-protocol.md} explains each. */
public final class Protocol {
    public static final String NAME = "im.v1";
    public static final int VERSION = 1;

    private Protocol() {}

    /** Types of frames that clients send. */
    public enum ClientFrame {
        HELLO,
        JOIN,
        SEND,
        HISTORY,
        RECEIVED,
        PONG;

        /** The type of this name on the wire; null if there is none. */
        public static @Nullable ClientFrame named(String wire) {
            for (ClientFrame type : values()) {
                if (type.wire().equals(wire)) {
                    return type;
                }
            }
            return null;
        }

        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Types of frames that the server sends. */
    public enum ServerFrame {
        WELCOME,
        JOINED,
        ACK,
        NACK,
        MESSAGE,
        HISTORY,
        ERROR,
        PING,
        GOING_AWAY;

        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Why a message, a join or a page of history is declined; whoever asked may be worth hearing again. */
    public enum Declined {
        DRAINING(true),
        RATE(true),
        STORE(true),
        TOO_LARGE(false),
        FORBIDDEN(false),
        TOO_MANY_ROOMS(false),
        BAD_FRAME(false);

        private final boolean retry;

        Declined(boolean retry) {
            this.retry = retry;
        }

        /** Whether the same may be accepted later. */
        public boolean isPassing() {
            return retry;
        }

        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Why a connection is closed. Those below 4500 are worth another connection. */
    public enum CloseCode {
        SHUTDOWN(1001),
        BAD_TEXT(1007), // Jetty's own, for what is no UTF-8
        TOO_BIG(1009), // Jetty's own, for a frame beyond the limit
        RESTART(1012),
        OVERLOAD(1013),
        RATE(4008),
        BAD_TOKEN(4500),
        PROTOCOL(4501),
        KICKED(4503);

        private final int number;

        CloseCode(int number) {
            this.number = number;
        }

        public int number() {
            return number;
        }
    }
}
