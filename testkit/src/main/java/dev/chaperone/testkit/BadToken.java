package dev.chaperone.testkit;

import dev.chaperone.proto.ErrorCode;

/** The ways in which a token can be bad; {@link OidcBackend#badToken} makes one of each. */
public enum BadToken {
    /** Not a token at all. */
    GARBAGE(ErrorCode.TOKEN_MALFORMED),
    /** Expired an hour ago. */
    EXPIRED(ErrorCode.TOKEN_EXPIRED),
    /** Valid only in an hour. */
    NOT_YET_VALID(ErrorCode.TOKEN_NOT_YET_VALID),
    /** Issued for somebody else. */
    OTHER_AUDIENCE(ErrorCode.TOKEN_WRONG_AUDIENCE),
    /** Signed by the right key, but naming another issuer. */
    OTHER_ISSUER(ErrorCode.TOKEN_WRONG_AUDIENCE),
    /** Unsigned: {@code alg} is {@code none} (RFC 8725 section 2.1). */
    UNSIGNED(ErrorCode.TOKEN_UNTRUSTED),
    /** HMAC keyed with the provider's public key (RFC 8725 section 2.1). */
    KEY_CONFUSION(ErrorCode.TOKEN_UNTRUSTED),
    /** Well signed by a key that the provider does not publish, under a key id of its own. */
    UNKNOWN_KEY(ErrorCode.TOKEN_UNTRUSTED),
    /** Signed by a stranger's key under the provider's key id. */
    FORGED(ErrorCode.TOKEN_UNTRUSTED),
    /** A claim was changed after signing. */
    TAMPERED(ErrorCode.TOKEN_UNTRUSTED);

    private final ErrorCode code;

    BadToken(ErrorCode code) {
        this.code = code;
    }

    /** What such a token is refused with. */
    public ErrorCode code() {
        return code;
    }
}
