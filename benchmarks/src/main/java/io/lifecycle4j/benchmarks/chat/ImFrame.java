package io.lifecycle4j.benchmarks.chat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Looks into a frame of im.v1 without parsing it. The server writes the type first, no blanks, and quotes inside of texts with a
 * backslash, so that a field's name in quotes is found nowhere else.
 */
final class ImFrame {
    static final byte[] RE = name("re");
    static final byte[] SEQ = name("seq");
    static final byte[] HEAD = name("head");
    static final byte[] EPOCH = name("epoch");
    static final byte[] RETRY = name("retry_ms");
    static final byte[] RETRY_AFTER = name("retry_after_ms");
    static final byte[] RECOVERED = name("recovered");

    private static final int TYPE_OFFSET = "{\"t\":\"".length();

    private ImFrame() {}

    private static byte[] name(String name) {
        return ("\"" + name + "\":").getBytes(StandardCharsets.US_ASCII);
    }

    /** The first letter of the frame's type: no two types that the server sends begin alike. */
    static char type(ByteBuffer frame) {
        return (char) frame.get(frame.position() + TYPE_OFFSET);
    }

    /** The whole number in this field. */
    static long number(ByteBuffer frame, byte[] name) {
        long number = 0;
        for (int at = valueOf(name, frame); Character.isDigit(frame.get(at)); at++) {
            number = 10 * number + Character.digit(frame.get(at), 10);
        }
        return number;
    }

    /** The string in this field, of letters that need no backslash. */
    static String text(ByteBuffer frame, byte[] name) {
        StringBuilder text = new StringBuilder();
        for (int at = valueOf(name, frame) + 1; frame.get(at) != '"'; at++) {
            text.append((char) frame.get(at));
        }
        return text.toString();
    }

    static boolean isTrue(ByteBuffer frame, byte[] name) {
        return frame.get(valueOf(name, frame)) == 't';
    }

    static String string(ByteBuffer frame) {
        return StandardCharsets.UTF_8.decode(frame.duplicate()).toString();
    }

    private static int valueOf(byte[] name, ByteBuffer frame) {
        for (int at = frame.position(); at <= frame.limit() - name.length; at++) {
            int same = 0;
            while (same < name.length && frame.get(at + same) == name[same]) {
                same++;
            }
            if (same == name.length) {
                return at + same;
            }
        }
        throw new IllegalArgumentException(
                "no " + new String(name, StandardCharsets.US_ASCII) + " in " + string(frame));
    }
}
