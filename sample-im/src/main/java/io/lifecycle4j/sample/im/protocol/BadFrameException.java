package io.lifecycle4j.sample.im.protocol;

/** A client's frame is not of the protocol; the message says what is wrong with it. Anybody can cause one: it has no stack. */
public final class BadFrameException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String problem;

    public BadFrameException(String problem) {
        super(problem, null, false, false);
        this.problem = problem;
    }

    public String problem() {
        return problem;
    }
}
