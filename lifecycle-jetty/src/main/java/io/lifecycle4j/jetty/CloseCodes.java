package io.lifecycle4j.jetty;

import java.nio.charset.StandardCharsets;

/** Checks the code and the reason of a close frame. Uses no type of Jetty's WebSocket, which may be missing on the class path. */
final class CloseCodes {
    // RFC 6455, section 5.5
    private static final int MOST_REASON_BYTES = 123;

    private CloseCodes() {}

    static void check(int code, String reason) {
        if (!mayBeSent(code)) {
            throw new IllegalArgumentException(
                    "close code: " + code + " (expected: one that may be sent, such as 1001)");
        }
        int bytes = Checks.notNull("close reason", reason).getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_REASON_BYTES) {
            throw new IllegalArgumentException("close reason: " + bytes + " bytes (expected: at most 123)");
        }
    }

    // RFC 6455, section 7.4, and IANA's registry of close codes: 1004 to 1006 and 1015 are never sent.
    private static boolean mayBeSent(int code) {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }
}
