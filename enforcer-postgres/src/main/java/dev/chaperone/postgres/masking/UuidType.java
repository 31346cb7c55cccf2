package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** uuid: 16 bytes, or the 36 characters of RFC 9562 section 4. */
final class UuidType implements WireType {

    private static final int WIDTH = 16;
    private static final Pattern FORM = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    @Override
    public Value parse(String text) {
        return FORM.matcher(text).matches() ? new Value.Uuid(UUID.fromString(text)) : Value.NULL;
    }

    @Override
    public @Nullable String format(Value value) {
        return value instanceof Value.Uuid uuid ? uuid.value().toString() : null;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return length == WIDTH
                ? new Value.Uuid(new UUID(source.getLong(index), source.getLong(index + Long.BYTES)))
                : Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Uuid uuid)) {
            return false;
        }
        out.writeLong(uuid.value().getMostSignificantBits());
        out.writeLong(uuid.value().getLeastSignificantBits());
        return true;
    }
}
