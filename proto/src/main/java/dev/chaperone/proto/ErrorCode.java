package dev.chaperone.proto;

import java.util.Locale;

/**
 * Everything that Chaperone itself can refuse with, whatever the protocol. Each enforcer maps a code once to its
 * protocol's own error (SQLSTATE, S3 error code, HTTP problem type of RFC 9457).
 */
public enum ErrorCode {
    /** The token is absent or is not a token. */
    TOKEN_MALFORMED(Fault.CLIENT),
    /** The token's signature does not verify, or its algorithm is not allowed. */
    TOKEN_UNTRUSTED(Fault.CLIENT),
    /** The token is past its expiry. */
    TOKEN_EXPIRED(Fault.CLIENT),
    /** The token is not valid yet. */
    TOKEN_NOT_YET_VALID(Fault.CLIENT),
    /** The token was issued by, or for, somebody else. */
    TOKEN_WRONG_AUDIENCE(Fault.CLIENT),
    /** The identity provider's keys cannot be had. */
    IDENTITY_UNAVAILABLE(Fault.UPSTREAM),
    /** The client broke the protocol or exceeded a bound. */
    PROTOCOL_VIOLATION(Fault.CLIENT),
    /** The protocol has it, Chaperone does not support it. */
    UNSUPPORTED(Fault.CLIENT),
    /** What the operation would touch cannot be established. */
    UNANALYSABLE(Fault.CLIENT),
    /** The policy denies it. */
    DENIED(Fault.POLICY),
    /** The policy wants a human's approval, which was not given. */
    HELD(Fault.POLICY),
    /** The policy permits it only with an obligation that cannot be fulfilled. */
    OBLIGATION_UNFULFILLABLE(Fault.POLICY),
    /** A response holds what the policy does not deliver in any form. */
    DETECTED(Fault.POLICY),
    /** A bound on rows or bytes was reached. */
    LIMIT_EXCEEDED(Fault.POLICY),
    /** The caller took it back before it had run. */
    CANCELLED(Fault.CLIENT),
    /** The decision point did not answer in time, or at all. */
    PDP_UNAVAILABLE(Fault.OURS),
    /** The exchange cannot be recorded. */
    RECORDING_UNAVAILABLE(Fault.OURS),
    /** The upstream cannot be reached or refuses the enforcer's own credential. */
    UPSTREAM_UNAVAILABLE(Fault.UPSTREAM),
    /** The upstream answered something other than what was analysed; the session is closed. */
    UPSTREAM_MISMATCH(Fault.UPSTREAM),
    /** The enforcer is draining or has no room for another session. */
    OVERLOADED(Fault.OURS),
    /** A defect in Chaperone. */
    INTERNAL(Fault.OURS);

    /** Who has to act. */
    public enum Fault {
        /** Whoever sent the request. */
        CLIENT,
        /** Nobody: the policy says so. */
        POLICY,
        /** Whoever runs the data store or the identity provider. */
        UPSTREAM,
        /** Whoever runs Chaperone. */
        OURS
    }

    private final Fault fault;

    ErrorCode(Fault fault) {
        this.fault = fault;
    }

    /** Who has to act. */
    public Fault fault() {
        return fault;
    }

    /** The code as it appears in records, metrics and messages: lower case, with underscores. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
