package io.lifecycle4j.sample.im;

/** A client's frame is not of the protocol; the message says what is wrong with it. Anybody can cause one: it has no stack. */
final class BadFrameException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String problem;

    BadFrameException(String problem) {
        super(problem, null, false, false);
        this.problem = problem;
    }

    String problem() {
        return problem;
    }
}
