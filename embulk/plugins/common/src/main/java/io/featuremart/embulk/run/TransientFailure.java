package io.featuremart.embulk.run;

/** Something outside was not there for a moment: the same work may succeed when tried again. */
public class TransientFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what failed.
     *
     * @param message for a person
     */
    public TransientFailure(final String message) {
        super(message);
    }

    /**
     * Says what failed, and why.
     *
     * @param message for a person
     * @param cause what was caught
     */
    public TransientFailure(final String message, final Throwable cause) {
        super(message, cause);
    }
}
