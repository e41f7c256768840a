package io.lifecycle4j;

import org.jspecify.annotations.Nullable;

/**
 * An app could not start, for a reason that its message explains to an operator: what was tried, with which value,
 * and what to do. Adapters and setups throw it for errors of the environment (a port in use, a database out of reach); the
 * log then shows the message alone, without a stack.
 *
 * <p>{@link App#start()} throws it for any failed start; failures of the clean-up are suppressed on it.
 *
 * @since 0.1
 */
public final class AppStartException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what could not be done, with which value, and what to do
     * @param cause what was thrown, or null
     */
    public AppStartException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
