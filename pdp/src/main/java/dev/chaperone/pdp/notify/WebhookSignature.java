package dev.chaperone.pdp.notify;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs web-hooks as the Standard Webhooks specification says (standardwebhooks.com, version 1): HMAC-SHA256 over
 * {@code id.timestamp.body}. The id, which stays the same however often a notice is sent, and the time let the receiver tell a
 * notice that somebody sends again.
 */
final class WebhookSignature {

    static final String ID = "webhook-id";
    static final String TIMESTAMP = "webhook-timestamp";
    static final String SIGNATURE = "webhook-signature";

    /** What secrets in base64 begin with. */
    static final String PREFIX = "whsec_";

    private WebhookSignature() {}

    /** @throws IllegalArgumentException when what follows the prefix is not base64 */
    static byte[] decode(String secret) {
        try {
            return Base64.getDecoder().decode(secret.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("`secret` begins with `" + PREFIX + "`, but no base64 follows");
        }
    }

    /**
     * The value of the signature's header.
     *
     * @param id of the notice
     * @param timestamp in seconds since 1970
     */
    static String of(byte[] key, String id, long timestamp, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update((id + '.' + timestamp + '.').getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HmacSHA256", e);
        }
    }
}
