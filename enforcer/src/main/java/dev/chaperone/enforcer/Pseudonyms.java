package dev.chaperone.enforcer;

import dev.chaperone.proto.Secret;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Keyed pseudonyms: HMAC-SHA-256 over the domain, the kind and the value, each told apart from the next. */
final class Pseudonyms {

    private static final String ALGORITHM = "HmacSHA256";
    private static final int MIN_KEY_BYTES = 32;

    /** A pseudonym of fewer characters (40 bits) would often stand for more than one value. */
    private static final int SHORTEST = 10;

    private static final char[] BASE32 = "abcdefghijklmnopqrstuvwxyz234567".toCharArray();

    private final SecretKeySpec key;

    Pseudonyms(Secret secret) {
        byte[] bytes = secret.value().getBytes(StandardCharsets.UTF_8);
        if (bytes.length < MIN_KEY_BYTES) {
            throw new IllegalArgumentException("the pseudonym key has `" + bytes.length
                    + "` bytes; use at least 32, for example the output of `openssl rand -hex 32`");
        }
        key = new SecretKeySpec(bytes, ALGORITHM);
    }

    MaskingFunction of(String domain) {
        Mac prototype = newMac();
        byte[] name = domain.getBytes(StandardCharsets.UTF_8);
        byte[] prefix = ByteBuffer.allocate(4 + name.length)
                .putInt(name.length)
                .put(name)
                .array();
        return new MaskingFunction() {
            @Override
            public Value apply(Value original) {
                return mask(original, prototype, prefix);
            }

            @Override
            public Value shorten(Value.Text masked, int characters) {
                return characters >= SHORTEST ? new Value.Text(masked.value().substring(0, characters)) : Value.NULL;
            }
        };
    }

    private Value mask(Value original, Mac prototype, byte[] prefix) {
        if (original instanceof Value.Text text) {
            return new Value.Text(text(mac(prototype, prefix, 't', text.value().getBytes(StandardCharsets.UTF_8))));
        }
        if (original instanceof Value.Integer integer) {
            return new Value.Integer(positive(mac(
                    prototype,
                    prefix,
                    'i',
                    ByteBuffer.allocate(Long.BYTES).putLong(integer.value()).array())));
        }
        if (original instanceof Value.Uuid uuid) {
            ByteBuffer value = ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(uuid.value().getMostSignificantBits())
                    .putLong(uuid.value().getLeastSignificantBits());
            return new Value.Uuid(uuid(mac(prototype, prefix, 'u', value.array())));
        }
        return Value.NULL;
    }

    /** A clone of the keyed but otherwise untouched prototype saves the key schedule and makes threads independent. */
    private ByteBuffer mac(Mac prototype, byte[] prefix, char kind, byte[] value) {
        Mac mac;
        try {
            mac = (Mac) prototype.clone();
        } catch (CloneNotSupportedException e) {
            mac = newMac();
        }
        mac.update(prefix);
        mac.update((byte) kind);
        return ByteBuffer.wrap(mac.doFinal(value));
    }

    private Mac newMac() {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }

    private static String text(ByteBuffer mac) {
        StringBuilder out = new StringBuilder(18).append("p_");
        for (int half = 0; half < 2; half++) {
            long bits = mac.getLong(5 * half) >>> 24;
            for (int shift = 35; shift >= 0; shift -= 5) {
                out.append(BASE32[(int) (bits >>> shift) & 31]);
            }
        }
        return out.toString();
    }

    private static long positive(ByteBuffer mac) {
        return Long.remainderUnsigned(mac.getLong(), java.lang.Integer.MAX_VALUE) + 1;
    }

    private static UUID uuid(ByteBuffer mac) {
        long high = mac.getLong() & ~0xF000L | 0x8000L;
        long low = mac.getLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }
}
