package io.lifecycle4j.sample.im.chat;

import org.jspecify.annotations.Nullable;

/** Something could not be stored, or is not known to be, or could not be read; worth trying again. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
