package io.lifecycle4j;

/** Checks names, and that there is something at all. */
final class Names {

    private Names() {}

    static <T> T notNull(String what, T value) {
        if (value == null) {
            throw new NullPointerException(what + ": null (expected: not null)");
        }
        return value;
    }

    static String checked(String what, String name) {
        if (notNull(what + " name", name).isBlank()) {
            throw new IllegalArgumentException(what + " name: '" + name + "' (expected: not blank)");
        }
        return name;
    }
}
