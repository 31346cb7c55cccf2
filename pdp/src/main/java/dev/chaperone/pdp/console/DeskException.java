package dev.chaperone.pdp.console;

/** Says why somebody does not get what they ask for, in words for them to read. */
public final class DeskException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Problem problem;

    /** With what went wrong, and words for whoever asked. */
    public DeskException(Problem problem, String message) {
        super(message);
        this.problem = problem;
    }

    /** What went wrong. */
    public Problem problem() {
        return problem;
    }

    /** Kinds of answers that are no. */
    public enum Problem {
        /** Something in what was sent is wrong. */
        INVALID(400),
        /** Not signed in, or no longer. */
        UNKNOWN_PERSON(401),
        /** Not for that person. */
        FORBIDDEN(403),
        /** Not there, or not for that person to know of. */
        NOT_FOUND(404),
        /** Its state does not allow that, or it has changed meanwhile. */
        CONFLICT(409),
        /** Too many at a time. */
        TOO_MANY(429),
        /** Try again. */
        UNAVAILABLE(503);

        private final int status;

        Problem(int status) {
            this.status = status;
        }

        /** As an HTTP status. */
        int status() {
            return status;
        }
    }
}
