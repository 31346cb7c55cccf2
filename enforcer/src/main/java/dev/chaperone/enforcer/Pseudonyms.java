package dev.chaperone.enforcer;

import dev.chaperone.proto.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Keyed pseudonyms: each domain has a key of its own, which is an HMAC-SHA-256 of its name under the enforcer's key. */
final class Pseudonyms {

    static final String ALGORITHM = "HmacSHA256";
    private static final int MIN_KEY_BYTES = 32;

    private final SecretKeySpec key;

    Pseudonyms(Secret secret) {
        byte[] bytes = secret.value().getBytes(StandardCharsets.UTF_8);
        if (bytes.length < MIN_KEY_BYTES) {
            throw new IllegalArgumentException("the pseudonym key has `" + bytes.length
                    + "` bytes; use at least 32, for example the output of `openssl rand -hex 32`");
        }
        key = new SecretKeySpec(bytes, ALGORITHM);
    }

    Pseudonym of(String domain) {
        return new Pseudonym(keyed(key).doFinal(domain.getBytes(StandardCharsets.UTF_8)));
    }

    static Mac keyed(SecretKeySpec key) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }
}
