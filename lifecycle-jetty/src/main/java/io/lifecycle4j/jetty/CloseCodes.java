package io.lifecycle4j.jetty;

import java.nio.charset.StandardCharsets;

/** What a close frame may carry; names no type of Jetty's, which need not be on the class path. */
final class CloseCodes {
    private static final int MOST_REASON_BYTES = 123; // RFC 6455, section 5.5

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

    // RFC 6455, section 7.4, and the registry it founded: 1004 to 1006 and 1015 are never sent.
    private static boolean mayBeSent(int code) {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }
}
