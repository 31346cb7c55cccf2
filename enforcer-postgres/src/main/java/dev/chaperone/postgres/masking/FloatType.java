package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** float4 and float8. NaN and the infinities are no decimals, and read as null. */
final class FloatType implements WireType {

    private static final int MAX_CHARACTERS = 32;

    private final int width;

    FloatType(int width) {
        this.width = width;
    }

    @Override
    public Value parse(String text) {
        if (text.length() > MAX_CHARACTERS) {
            return Value.NULL;
        }
        try {
            return width == 4 ? decimal(Float.parseFloat(text)) : decimal(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Decimal decimal) || !holds(decimal.value())) {
            return null;
        }
        String text = width == 4
                ? Float.toString(decimal.value().floatValue())
                : Double.toString(decimal.value().doubleValue());
        String plain = text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
        return plain.replace("E-", "e-").replace("E", "e+");
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        if (length != width) {
            return Value.NULL;
        }
        return width == 4 ? decimal(source.getFloat(index)) : decimal(source.getDouble(index));
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Decimal decimal) || !holds(decimal.value())) {
            return false;
        }
        if (width == 4) {
            out.writeFloat(decimal.value().floatValue());
        } else {
            out.writeDouble(decimal.value().doubleValue());
        }
        return true;
    }

    private boolean holds(BigDecimal value) {
        return width == 4 ? Float.isFinite(value.floatValue()) : Double.isFinite(value.doubleValue());
    }

    private static Value decimal(float value) {
        return Float.isFinite(value) ? new Value.Decimal(new BigDecimal(Float.toString(value))) : Value.NULL;
    }

    private static Value decimal(double value) {
        return Double.isFinite(value) ? new Value.Decimal(BigDecimal.valueOf(value)) : Value.NULL;
    }
}
