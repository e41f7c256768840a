package io.lifecycle4j.sample.im.cli;

/** An option's value cannot be used; the message says which, and what is expected. */
final class WrongOptionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String option;

    WrongOptionException(String option, String problem) {
        super(problem);
        this.option = option;
    }

    public String option() {
        return option;
    }
}
