package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * inet and cidr. Binary (src/backend/utils/adt/network.c, {@code network_send}): a byte each for the family, the length of the
 * prefix, whether it is a cidr, and the number of bytes of the address that follows.
 */
final class AddressType implements WireType {

    private static final int HEADER_BYTES = 4;
    private static final int INET = 2;
    private static final int INET6 = 3;
    private static final int MAX_TEXT = 64;

    private final boolean cidr;

    AddressType(boolean cidr) {
        this.cidr = cidr;
    }

    @Override
    public Value parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = text.length() > MAX_TEXT ? null : IpText.parse(slash < 0 ? text : text.substring(0, slash));
        if (address == null) {
            return Value.NULL;
        }
        int whole = address.length * Byte.SIZE;
        int prefix = slash < 0 ? whole : IpText.number(text.substring(slash + 1), whole);
        return prefix < 0 ? Value.NULL : new Value.Address(address, prefix);
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Address address) || !holds(address)) {
            return null;
        }
        String text = IpText.format(address.address());
        boolean host = address.prefix() == address.address().length * Byte.SIZE;
        return host && !cidr ? text : text + '/' + address.prefix();
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        if (length < HEADER_BYTES) {
            return Value.NULL;
        }
        int family = source.getByte(index);
        int prefix = source.getUnsignedByte(index + 1);
        int bytes = source.getUnsignedByte(index + 3);
        boolean known = family == INET && bytes == 4 || family == INET6 && bytes == 16;
        return known && length == HEADER_BYTES + bytes && prefix <= bytes * Byte.SIZE
                ? new Value.Address(ByteBufUtil.getBytes(source, index + HEADER_BYTES, bytes), prefix)
                : Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Address address) || !holds(address)) {
            return false;
        }
        int bytes = address.address().length;
        out.writeByte(bytes == 4 ? INET : INET6).writeByte(address.prefix());
        out.writeByte(cidr ? 1 : 0).writeByte(bytes).writeBytes(address.address());
        return true;
    }

    /** The address of a network has no bits besides those that name it. */
    private boolean holds(Value.Address value) {
        int bits = value.address().length * Byte.SIZE;
        if (bits != 32 && bits != 128 || value.prefix() < 0 || value.prefix() > bits) {
            return false;
        }
        byte[] network = Arrays.copyOf(value.address(), value.address().length);
        for (int bit = value.prefix(); bit < bits; bit++) {
            network[bit / Byte.SIZE] &= (byte) ~(0x80 >> bit % Byte.SIZE);
        }
        return !cidr || Arrays.equals(network, value.address());
    }
}
