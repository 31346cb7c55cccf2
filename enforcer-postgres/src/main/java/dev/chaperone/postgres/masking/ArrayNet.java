package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Searches arrays element by element. One that is not understood exactly is searched as a whole. */
final class ArrayNet extends CellNet {

    private final CellNet element;
    private final CellNet whole;
    private final int elementOid;
    private final boolean binary;

    ArrayNet(ColumnNet column, int elementOid) {
        super(column);
        this.element = CellNet.ofOne(column, elementOid);
        this.whole = new OpaqueNet(column);
        this.elementOid = elementOid;
        this.binary = column.format() != WireType.TEXT_FORMAT;
    }

    @Override
    public @Nullable Find on(ByteBuf source, int index, int length) {
        List<Find> finds = new ArrayList<>();
        byte[] replaced = binary ? binary(source, index, length, finds) : text(source, index, length, finds);
        if (replaced == null) {
            return whole.on(source, index, length);
        }
        return finds.isEmpty() ? null : found(finds, replaced);
    }

    private byte @Nullable [] text(ByteBuf source, int index, int length, List<Find> finds) {
        String text = WireType.utf8(source, index, length);
        String replaced = text == null ? null : ArrayText.map(text, one -> one(one, finds));
        return replaced == null ? null : replaced.getBytes(StandardCharsets.UTF_8);
    }

    private @Nullable String one(String original, List<Find> finds) {
        byte[] bytes = original.getBytes(StandardCharsets.UTF_8);
        Find find = element.on(Unpooled.wrappedBuffer(bytes), 0, bytes.length);
        if (find == null) {
            return original;
        }
        finds.add(find);
        byte[] replacement = find.replacement();
        return replacement == null ? null : new String(replacement, StandardCharsets.UTF_8);
    }

    private byte @Nullable [] binary(ByteBuf source, int index, int length, List<Find> finds) {
        ByteBuf in = source.slice(index, length);
        ArrayHeader header = ArrayHeader.read(in, elementOid);
        if (header == null) {
            return null;
        }
        ByteBuf out = Unpooled.buffer(length + 16);
        out.writeBytes(in, 0, in.readerIndex());
        boolean nulls = false;
        for (long i = 0; i < header.elements(); i++) {
            int size = ArrayHeader.elementLength(in);
            if (size < -1) {
                return null;
            }
            int start = in.readerIndex();
            Find find = size < 0 ? null : element.on(in, start, size);
            in.skipBytes(Math.max(size, 0));
            if (find == null) {
                out.writeBytes(in, start - Integer.BYTES, Integer.BYTES + Math.max(size, 0));
            } else {
                finds.add(find);
                write(find.replacement(), out);
            }
            nulls |= size < 0 || find != null && find.replacement() == null;
        }
        out.setInt(Integer.BYTES, nulls ? 1 : 0);
        return in.isReadable() ? null : ByteBufUtil.getBytes(out);
    }

    private static void write(byte @Nullable [] replacement, ByteBuf out) {
        if (replacement == null) {
            out.writeInt(SQL_NULL);
        } else {
            out.writeInt(replacement.length).writeBytes(replacement);
        }
    }
}
