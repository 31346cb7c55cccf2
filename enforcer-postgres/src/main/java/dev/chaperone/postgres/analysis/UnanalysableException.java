package dev.chaperone.postgres.analysis;

import dev.chaperone.proto.ErrorCode;

/**
 * What a statement would do could not be established, or it reaches for something that is given out to nobody who must see
 * masked data. The message is safe to show to the caller: it holds no data values.
 */
public final class UnanalysableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final boolean staleCatalog;

    public UnanalysableException(String message) {
        this(ErrorCode.UNANALYSABLE, message);
    }

    /**
     * A refusal with its own code.
     *
     * @param code UNANALYSABLE when it is not understood, DENIED when it reaches for something that is not given out by what is
     *     known about it, UNSUPPORTED when it cannot be carried whatever the policy says
     */
    public UnanalysableException(ErrorCode code, String message) {
        this(code, message, false);
    }

    private UnanalysableException(ErrorCode code, String message, boolean staleCatalog) {
        super(message, null, false, false);
        this.code = code;
        this.staleCatalog = staleCatalog;
    }

    static UnanalysableException unknown(String what) {
        return new UnanalysableException(
                ErrorCode.UNANALYSABLE,
                what + " is not in the catalog as last read, or is of a kind that is never given out",
                true);
    }

    /** True when a newer catalog may know what this one does not: refresh it and analyse again, once. */
    public boolean staleCatalog() {
        return staleCatalog;
    }

    /** True when a policy that permits what was not analysed may permit it. */
    public boolean carriable() {
        return code != ErrorCode.UNSUPPORTED;
    }

    /** Why, for machines. */
    public ErrorCode code() {
        return code;
    }
}
