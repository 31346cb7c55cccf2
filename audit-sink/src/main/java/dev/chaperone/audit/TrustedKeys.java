package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.proto.AuditChain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.jspecify.annotations.Nullable;

/** The public keys of the enforcers that a verifier believes. */
public final class TrustedKeys {

    private static final String KIND = "chaperone-ed25519";

    private final Map<String, Ed25519PublicKeyParameters> keys;

    private TrustedKeys(Map<String, Ed25519PublicKeyParameters> keys) {
        this.keys = keys;
    }

    /**
     * Reads key files, each with lines {@code chaperone-ed25519 KEYID KEY}, KEY being the 32 raw bytes of RFC 8032 in
     * Base64. Empty lines and lines that start with {@code #} are skipped.
     *
     * @throws IllegalArgumentException when a line is something else, or when there is no key at all
     */
    public static TrustedKeys read(List<Path> files) {
        Map<String, Ed25519PublicKeyParameters> keys = new LinkedHashMap<>();
        for (Path file : files) {
            try {
                for (String line : Files.readAllLines(file)) {
                    if (!line.isBlank() && !line.startsWith("#")) {
                        add(keys, file, line);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("`" + file + "` cannot be read; name a file with public keys", e);
            }
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("no key is given; without a trusted key nothing can be verified");
        }
        return new TrustedKeys(keys);
    }

    private static void add(Map<String, Ed25519PublicKeyParameters> keys, Path file, String line) {
        String[] words = line.strip().split("\\s+", -1);
        if (words.length == 3 && words[0].equals(KIND)) {
            try {
                byte[] raw = Base64.getDecoder().decode(words[2]);
                if (raw.length == Ed25519PublicKeyParameters.KEY_SIZE
                        && AuditChain.keyId(raw).equals(words[1])) {
                    keys.put(words[1], new Ed25519PublicKeyParameters(raw));
                    return;
                }
            } catch (IllegalArgumentException e) {
                throw unusable(file, e);
            }
        }
        throw unusable(file, null);
    }

    private static IllegalArgumentException unusable(Path file, @Nullable IllegalArgumentException cause) {
        return new IllegalArgumentException(
                "`" + file + "` has a line that is not `" + KIND
                        + " KEYID KEY` with the id that belongs to the key; use the enforcer's public key file",
                cause);
    }

    /** Ids of the keys. */
    public Set<String> ids() {
        return Set.copyOf(keys.keySet());
    }

    boolean trusts(String keyId) {
        return keys.containsKey(keyId);
    }

    /** Whether a signature by a trusted key covers the message. */
    boolean verifies(String keyId, byte[] message, ByteString signature) {
        Ed25519PublicKeyParameters key = keys.get(keyId);
        if (key == null) {
            return false;
        }
        Ed25519Signer verifier = new Ed25519Signer();
        verifier.init(false, key);
        verifier.update(message, 0, message.length);
        return verifier.verifySignature(signature.toByteArray());
    }
}
