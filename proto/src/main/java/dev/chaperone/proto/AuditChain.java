package dev.chaperone.proto;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The hashing rules of {@code chaperone/audit/v1/audit.proto}, in one place so that whoever writes, stores or verifies an
 * event computes the same bytes.
 */
public final class AuditChain {

    private static final byte[] HEAD_PREFIX = "chaperone-audit-head-v1\n".getBytes(StandardCharsets.US_ASCII);

    /** Every event is hashed; finding the algorithm's provider would take longer than the hash itself. */
    private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(AuditChain::sha256);

    private AuditChain() {}

    /**
     * The hash of one event: SHA-256 over a zero byte and the event's exact serialized bytes (RFC 6962 section 2.1, leaf
     * hash).
     *
     * @return 32 bytes
     */
    public static byte[] hash(byte[] event) {
        MessageDigest sha256 = SHA_256.get();
        sha256.update((byte) 0);
        return sha256.digest(event);
    }

    /** The message that a head signature covers. */
    public static byte[] headMessage(String sessionId, long sequence, byte[] eventHash) {
        byte[] session = sessionId.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(HEAD_PREFIX.length + session.length + 1 + Long.BYTES + eventHash.length)
                .put(HEAD_PREFIX)
                .put(session)
                .put((byte) 0)
                .putLong(sequence)
                .put(eventHash)
                .array();
    }

    /** Associated data that binds encrypted originals to their place in the chain. */
    public static byte[] originalsAssociatedData(String sessionId, long sequence) {
        byte[] session = sessionId.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(session.length + 1 + Long.BYTES)
                .put(session)
                .put((byte) 0)
                .putLong(sequence)
                .array();
    }

    /** The id of an Ed25519 public key: the first 8 bytes of the SHA-256 of its 32 raw bytes, in lower-case hex. */
    public static String keyId(byte[] rawPublicKey) {
        return HexFormat.of().formatHex(sha256().digest(rawPublicKey), 0, 8);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
