package dev.chaperone.postgres.wire;

import java.security.MessageDigest;

/**
 * What authenticates a CancelRequest (chapter "Cancelling Requests in Progress"): four bytes in protocol 3.0, up to 256 from
 * 3.2 on.
 */
public final class CancelKey {

    /** Longest secret that the protocol has room for. */
    public static final int LONGEST = 256;

    /** Length of a secret before protocol 3.2. */
    public static final int SHORT = 4;

    private final int processId;
    private final byte[] secret;

    /**
     * A key.
     *
     * @param processId of the server process that the session runs in
     * @param secret at most {@link #LONGEST} bytes
     */
    public CancelKey(int processId, byte[] secret) {
        if (secret.length > LONGEST) {
            throw new IllegalArgumentException("a secret of " + secret.length + " bytes; expected at most " + LONGEST);
        }
        this.processId = processId;
        this.secret = secret.clone();
    }

    /** Of the server process that the session runs in. */
    public int processId() {
        return processId;
    }

    /** The secret; not to be changed. */
    byte[] secret() {
        return secret;
    }

    /** True for the same key; how long it takes does not depend on the secrets' content. */
    public boolean matches(CancelKey other) {
        return processId == other.processId && MessageDigest.isEqual(secret, other.secret);
    }

    @Override
    public String toString() {
        return "CancelKey[processId=" + processId + ", secret=***]";
    }
}
