package dev.chaperone.enforcer;

import dev.chaperone.proto.ErrorCode;

/**
 * An operation or a session is refused. The message is safe to show to the caller: it says what was refused, why, and what
 * to do, and holds no data values and no secrets.
 */
public final class EnforcementException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public EnforcementException(ErrorCode code, String message) {
        super(message);
        this.code = code;
    }

    public EnforcementException(ErrorCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** Why, for machines; each protocol maps it to its own error. */
    public ErrorCode code() {
        return code;
    }
}
