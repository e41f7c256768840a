package io.lifecycle4j;

/** The place where a start hung that was given up: its stack is that of the thread that hangs. */
final class HangingStart extends Exception {
    private static final long serialVersionUID = 1L;

    HangingStart(StackTraceElement[] stack) {
        super("the start hangs here");
        setStackTrace(stack);
    }
}
