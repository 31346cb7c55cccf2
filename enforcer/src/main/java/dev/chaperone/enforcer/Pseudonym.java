package dev.chaperone.enforcer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The mask that puts a keyed pseudonym in place of a value: from an HMAC-SHA-256, under the domain's key, over the value's
 * kind and the value.
 *
 * <table>
 * <caption>What is taken of the HMAC</caption>
 * <tr><th>kind<th>input<th>pseudonym
 * <tr><td>Text<td>{@code t} and the text in UTF-8<td>{@code p_} and the first 8 bytes in lower-case hexadecimal
 * <tr><td>Integer<td>{@code i} and 8 bytes, big endian<td>the low 31 bits of the first 4 bytes, big endian; 1 for 0
 * <tr><td>Uuid<td>{@code u} and 16 bytes<td>the first 16 bytes, with version 8 and the variant of RFC 9562
 * <tr><td>Address<td>{@code n}, the prefix length as a byte, and the address<td>a unique local address (RFC 4193), of version 6
 *     whatever the value's: {@code fd} and the first 15 bytes
 * <tr><td>HardwareAddress<td>{@code h} and the address<td>as many of the first bytes, marked as locally administered and as
 *     that of one interface
 * </table>
 *
 * The definition is one that a data source can compute by itself, so that what is masked there and what is masked on the way
 * out have the same pseudonyms.
 */
public final class Pseudonym implements MaskingFunction {

    /** A pseudonym of fewer characters (40 bits) would often stand for more than one value. */
    public static final int SHORTEST = 12;

    private static final int TEXT_BYTES = 8;
    private static final int ADDRESS_BYTES = 16;

    private final byte[] key;
    private final Mac prototype;

    Pseudonym(byte[] key) {
        this.key = key.clone();
        this.prototype = Pseudonyms.keyed(new SecretKeySpec(key, Pseudonyms.ALGORITHM));
    }

    /** A copy of the domain's key: whoever has it can find the values behind the domain's pseudonyms by trying. */
    public byte[] key() {
        return key.clone();
    }

    @Override
    public Value apply(Value original) {
        if (original instanceof Value.Text text) {
            return new Value.Text(text(mac('t', text.value().getBytes(StandardCharsets.UTF_8))));
        }
        if (original instanceof Value.Integer integer) {
            return new Value.Integer(positive(mac(
                    'i',
                    ByteBuffer.allocate(Long.BYTES).putLong(integer.value()).array())));
        }
        if (original instanceof Value.Uuid uuid) {
            ByteBuffer value = ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(uuid.value().getMostSignificantBits())
                    .putLong(uuid.value().getLeastSignificantBits());
            return new Value.Uuid(uuid(mac('u', value.array())));
        }
        if (original instanceof Value.Address address) {
            ByteBuffer value = ByteBuffer.allocate(1 + address.address().length)
                    .put((byte) address.prefix())
                    .put(address.address());
            return new Value.Address(uniqueLocal(mac('n', value.array())), ADDRESS_BYTES * Byte.SIZE);
        }
        if (original instanceof Value.HardwareAddress address) {
            byte[] masked = new byte[address.address().length];
            mac('h', address.address()).get(masked);
            masked[0] = (byte) (masked[0] & 0xFC | 0x02);
            return new Value.HardwareAddress(masked);
        }
        return Value.NULL;
    }

    @Override
    public Value shorten(Value.Text masked, int characters) {
        return characters >= SHORTEST
                ? new Value.Text(masked.value()
                        .substring(0, Math.min(characters, masked.value().length())))
                : Value.NULL;
    }

    /** A clone of the keyed but otherwise untouched prototype saves the key schedule and makes threads independent. */
    private ByteBuffer mac(char kind, byte[] value) {
        Mac mac;
        try {
            mac = (Mac) prototype.clone();
        } catch (CloneNotSupportedException e) {
            mac = Pseudonyms.keyed(new SecretKeySpec(key, Pseudonyms.ALGORITHM));
        }
        mac.update((byte) kind);
        return ByteBuffer.wrap(mac.doFinal(value));
    }

    private static String text(ByteBuffer mac) {
        return "p_" + HexFormat.of().formatHex(mac.array(), 0, TEXT_BYTES);
    }

    private static long positive(ByteBuffer mac) {
        return Math.max(1, mac.getInt() & java.lang.Integer.MAX_VALUE);
    }

    private static byte[] uniqueLocal(ByteBuffer mac) {
        byte[] address = new byte[ADDRESS_BYTES];
        address[0] = (byte) 0xFD;
        mac.get(address, 1, ADDRESS_BYTES - 1);
        return address;
    }

    private static UUID uuid(ByteBuffer mac) {
        long high = mac.getLong() & ~0xF000L | 0x8000L;
        long low = mac.getLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }
}
