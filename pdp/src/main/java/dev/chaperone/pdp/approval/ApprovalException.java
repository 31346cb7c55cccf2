package dev.chaperone.pdp.approval;

/** Something cannot be done with an approval. The message is safe to show: what, why, and what to do. */
public final class ApprovalException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Problem problem;

    /** Why, for machines. */
    public enum Problem {
        /** The caller is not who they would have to be: no token, or one that does not verify. */
        UNAUTHENTICATED,
        /** There is no such approval, or none that the caller may see. */
        NOT_FOUND,
        /** The request makes no sense. */
        INVALID,
        /** The caller may not do that. */
        FORBIDDEN,
        /** The approval's state does not allow it. */
        CONFLICT,
        /** Too many wait already. */
        TOO_MANY,
        /** The database or the identity provider cannot be reached. */
        UNAVAILABLE
    }

    /** With a message that is safe to show. */
    public ApprovalException(Problem problem, String message) {
        super(message);
        this.problem = problem;
    }

    /** With what caused it, which is not shown. */
    public ApprovalException(Problem problem, String message, Throwable cause) {
        super(message, cause);
        this.problem = problem;
    }

    /** Why, for machines. */
    public Problem problem() {
        return problem;
    }
}
