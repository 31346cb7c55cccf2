package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * numeric. The binary format (src/backend/utils/adt/numeric.c, {@code numeric_send}) is four Int16, then the digits in base
 * 10000, each an Int16: number of digits, weight of the first one (its power of 10000), sign, and decimal places shown. NaN,
 * the infinities and numbers of more than 1000 digits read as null.
 */
final class NumericType implements WireType {

    private static final int HEADER_BYTES = 8;
    private static final int MAX_DIGITS = 1000;
    private static final int BASE_DIGITS = 4;
    private static final BigInteger BASE = BigInteger.valueOf(10_000);
    private static final int POSITIVE = 0x0000;
    private static final int NEGATIVE = 0x4000;
    private static final Pattern FORM = Pattern.compile("-?[0-9]+(\\.[0-9]+)?");

    @Override
    public Value parse(String text) {
        return text.length() <= MAX_DIGITS && FORM.matcher(text).matches()
                ? new Value.Decimal(new BigDecimal(text))
                : Value.NULL;
    }

    @Override
    public @Nullable String format(Value value) {
        BigDecimal number = number(value);
        return number == null ? null : number.toPlainString();
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        if (length < HEADER_BYTES) {
            return Value.NULL;
        }
        int count = source.getUnsignedShort(index);
        int weight = source.getShort(index + 2);
        int sign = source.getUnsignedShort(index + 4);
        int scale = source.getUnsignedShort(index + 6);
        boolean finite = sign == POSITIVE || sign == NEGATIVE;
        if (!finite
                || length != HEADER_BYTES + 2 * count
                || BASE_DIGITS * count > MAX_DIGITS
                || Math.abs(weight) > MAX_DIGITS / BASE_DIGITS
                || scale > MAX_DIGITS) {
            return Value.NULL;
        }
        BigInteger unscaled = BigInteger.ZERO;
        for (int i = 0; i < count; i++) {
            int digit = source.getUnsignedShort(index + HEADER_BYTES + 2 * i);
            if (digit >= BASE.intValue()) {
                return Value.NULL;
            }
            unscaled = unscaled.multiply(BASE).add(BigInteger.valueOf(digit));
        }
        BigDecimal number = new BigDecimal(unscaled, BASE_DIGITS * (count - 1 - weight));
        BigDecimal shown = number.setScale(scale, RoundingMode.DOWN);
        return new Value.Decimal(sign == NEGATIVE ? shown.negate() : shown);
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        BigDecimal number = number(value);
        if (number == null) {
            return false;
        }
        int places = Math.max(number.scale(), 0);
        int fraction = (places + BASE_DIGITS - 1) / BASE_DIGITS;
        BigInteger rest = number.abs().setScale(fraction * BASE_DIGITS).unscaledValue();
        List<Integer> digits = new ArrayList<>();
        int weight = -fraction - 1;
        while (rest.signum() != 0) {
            BigInteger[] parts = rest.divideAndRemainder(BASE);
            int digit = parts[1].intValue();
            if (!digits.isEmpty() || digit != 0) {
                digits.add(0, digit);
            }
            rest = parts[0];
            weight++;
        }
        out.writeShort(digits.size());
        out.writeShort(digits.isEmpty() ? 0 : weight);
        out.writeShort(number.signum() < 0 ? NEGATIVE : POSITIVE);
        out.writeShort(places);
        digits.forEach(out::writeShort);
        return true;
    }

    private static @Nullable BigDecimal number(Value value) {
        if (!(value instanceof Value.Decimal decimal)) {
            return null;
        }
        BigDecimal number = decimal.value();
        boolean bounded = Math.abs((long) number.scale()) <= MAX_DIGITS && number.precision() <= MAX_DIGITS;
        return bounded ? number : null;
    }
}
