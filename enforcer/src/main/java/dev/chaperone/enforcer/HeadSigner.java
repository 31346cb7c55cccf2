package dev.chaperone.enforcer;

import dev.chaperone.proto.AuditChain;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/** Signs chain heads with Ed25519 (RFC 8032). Safe for use by any thread. */
final class HeadSigner {

    private static final String PRIVATE = "chaperone-ed25519-private";
    private static final String PUBLIC = "chaperone-ed25519";

    private final Ed25519PrivateKeyParameters key;
    private final String keyId;

    private HeadSigner(Ed25519PrivateKeyParameters key) {
        this.key = key;
        this.keyId = AuditChain.keyId(key.generatePublicKey().getEncoded());
    }

    static HeadSigner generate() {
        return new HeadSigner(new Ed25519PrivateKeyParameters(new SecureRandom()));
    }

    /**
     * Reads a private key in the form that {@link RecordingKeys} describes.
     *
     * @param file named in the error
     * @throws IllegalArgumentException when the text is something else
     */
    static HeadSigner parse(Path file, String text) {
        String[] words = text.strip().split("\\s+", -1);
        if (words.length == 3 && words[0].equals(PRIVATE)) {
            byte[] seed = decode(words[2]);
            if (seed.length == Ed25519PrivateKeyParameters.KEY_SIZE) {
                HeadSigner signer = new HeadSigner(new Ed25519PrivateKeyParameters(seed));
                if (signer.keyId.equals(words[1])) {
                    return signer;
                }
            }
        }
        throw new IllegalArgumentException(
                "`" + file + "` is not a signing key, expected one line `" + PRIVATE + " KEYID SEED`; generate keys");
    }

    /** As in {@code AuditRecord.key_id}. */
    String keyId() {
        return keyId;
    }

    /** The signature over one event as the head of its session's chain, 64 bytes. */
    byte[] sign(String sessionId, long sequence, byte[] eventHash) {
        byte[] message = AuditChain.headMessage(sessionId, sequence, eventHash);
        Ed25519Signer signer = new Ed25519Signer();
        signer.init(true, key);
        signer.update(message, 0, message.length);
        return signer.generateSignature();
    }

    String privateLine() {
        return PRIVATE + " " + keyId + " " + Base64.getEncoder().encodeToString(key.getEncoded());
    }

    String publicLine() {
        return PUBLIC + " " + keyId + " "
                + Base64.getEncoder().encodeToString(key.generatePublicKey().getEncoded());
    }

    private static byte[] decode(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }
}
