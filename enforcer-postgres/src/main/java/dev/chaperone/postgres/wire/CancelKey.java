package dev.chaperone.postgres.wire;

import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

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

    /** How long it takes does not depend on what the secrets hold. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CancelKey key
                && processId == key.processId
                && MessageDigest.isEqual(secret, key.secret);
    }

    /** Goes by the process alone: that is no secret. */
    @Override
    public int hashCode() {
        return processId;
    }

    @Override
    public String toString() {
        return "CancelKey[processId=" + processId + ", secret=***]";
    }
}
