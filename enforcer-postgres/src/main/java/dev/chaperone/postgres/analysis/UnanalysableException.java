package dev.chaperone.postgres.analysis;

import dev.chaperone.proto.ErrorCode;

/**
 * What a statement would do could not be established, or it reaches for something that is never given out. The message is
 * safe to show to the caller: it holds no data values.
 */
public final class UnanalysableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public UnanalysableException(String message) {
        this(ErrorCode.UNANALYSABLE, message);
    }

    /**
     * A refusal with its own code.
     *
     * @param code UNANALYSABLE when it is not understood, UNSUPPORTED when it is understood and not supported, DENIED when it
     *     reaches for something that no policy can give out
     */
    public UnanalysableException(ErrorCode code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    /** Why, for machines. */
    public ErrorCode code() {
        return code;
    }
}
