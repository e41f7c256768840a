package io.lifecycle4j;

import org.jspecify.annotations.Nullable;

/**
 * Why an app shuts down. The first reason wins; later ones join the shutdown that it began.
 *
 * @param kind what kind of cause it was
 * @param description the cause in words: a signal's name, what the caller gave, what failed (without the failure's own words, but for an
 *     {@link AppStartException})
 * @param failure what was thrown, if the reason is a failure; else null
 * @since 0.1
 */
public record ShutdownReason(
        Kind kind, String description, @Nullable Throwable failure) {

    /** The kinds of causes. */
    public enum Kind {
        /** INT, TERM or HUP. */
        SIGNAL,
        /** {@code requestShutdown}, {@code shutdown} or {@code close}. */
        REQUEST,
        /** {@code System.exit} was called by somebody else, or the last non-daemon thread ended. */
        EXIT,
        /** The setup or a start threw or took too long, or a server or a task failed while running. */
        FAILURE
    }

    static ShutdownReason signal(String name) {
        return new ShutdownReason(Kind.SIGNAL, "SIG" + name, null);
    }

    static ShutdownReason request(String description) {
        return new ShutdownReason(Kind.REQUEST, description, null);
    }

    static ShutdownReason exit() {
        return new ShutdownReason(Kind.EXIT, "System.exit", null);
    }

    static ShutdownReason failure(String description, Throwable failure) {
        return new ShutdownReason(
                Kind.FAILURE,
                failure instanceof AppStartException ? String.valueOf(failure.getMessage()) : description,
                failure);
    }

    /** Returns the description and, behind it, what the failure says of itself, if that says more. */
    @Override
    public String toString() {
        return failure == null || failure instanceof AppStartException || failure instanceof HangingStart
                ? description
                : description + ": " + Text.of(failure);
    }
}
