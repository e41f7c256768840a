package io.lifecycle4j;

import java.util.Objects;

/** Checks the names of things. */
final class Names {

    private Names() {}

    static String checked(String what, String name) {
        if (Objects.requireNonNull(name, what + " name").isBlank()) {
            throw new IllegalArgumentException(what + " name: '" + name + "' (expected: not blank)");
        }
        return name;
    }
}
