package io.lifecycle4j.sample.im.protocol;

/** A client's frame is not of the protocol; the message says what is wrong with it. Anybody can cause one: it has no stack. */
public final class BadFrameException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BadFrameException(String problem) {
        super(problem, null, false, false);
    }
}
