package dev.chaperone.testkit;

/** The ways in which a token can be bad; {@link OidcBackend#badToken} makes one of each. */
public enum BadToken {
    /** Not a token at all. */
    GARBAGE,
    /** Expired an hour ago. */
    EXPIRED,
    /** Valid only in an hour. */
    NOT_YET_VALID,
    /** Issued for somebody else. */
    OTHER_AUDIENCE,
    /** Signed by the right key, but naming another issuer. */
    OTHER_ISSUER,
    /** Unsigned: {@code alg} is {@code none} (RFC 8725 section 2.1). */
    UNSIGNED,
    /** HMAC keyed with the provider's public key (RFC 8725 section 2.1). */
    KEY_CONFUSION,
    /** Well signed by a key that the provider does not publish, under a key id of its own. */
    UNKNOWN_KEY,
    /** Signed by a stranger's key under the provider's key id. */
    FORGED,
    /** A claim was changed after signing. */
    TAMPERED
}
