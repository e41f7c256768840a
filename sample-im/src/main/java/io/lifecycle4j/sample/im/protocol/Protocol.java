package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The words of {@code im.v1}: by which codes a frame is declined, and a connection closed. {@code docs/im-protocol.md} explains each. */
public final class Protocol {
    public static final String NAME = "im.v1";
    public static final int VERSION = 1;

    /** How many messages a page of history has, unless another number is asked for. */
    public static final int PAGE = 50;

    /** What a person is told whose request needs the database. */
    public static final String NO_DATABASE = "the database does not answer; try again";

    private Protocol() {}

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

        @JsonValue
        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Why a connection is closed. Those below 4500 are worth another connection. */
    public enum CloseCode {
        SHUTDOWN(1001),
        BAD_FRAMING(1002), // Jetty's own, for what RFC 6455 forbids
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
