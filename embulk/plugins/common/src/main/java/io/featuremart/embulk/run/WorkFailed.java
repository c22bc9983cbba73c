package io.featuremart.embulk.run;

/** The work was tried and failed for good: without a change it would fail again. */
public class WorkFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what failed.
     *
     * @param message for a person
     */
    public WorkFailed(final String message) {
        super(message);
    }

    /**
     * Says what failed, and why.
     *
     * @param message for a person
     * @param cause what was caught
     */
    public WorkFailed(final String message, final Throwable cause) {
        super(message, cause);
    }
}
