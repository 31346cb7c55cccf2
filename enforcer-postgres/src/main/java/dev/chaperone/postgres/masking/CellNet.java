package dev.chaperone.postgres.masking;

import dev.chaperone.decision.v1.Detect.Action;
import dev.chaperone.enforcer.detect.Caught;
import dev.chaperone.enforcer.detect.ContentNet;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Searches the cells of one column that no mask covers. Cells in which nothing is found pass as they are. */
abstract class CellNet implements CellMask {

    private static final int KEPT_SCRATCH = 64 << 10;

    private static final FastThreadLocal<byte[]> SCRATCH = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[KEPT_SCRATCH];
        }
    };

    final ContentNet net;
    private final String field;

    CellNet(ColumnNet column) {
        this.net = column.net();
        this.field = column.field();
    }

    /** The net for a column; null when its type has no values that are text. */
    static @Nullable CellNet of(ColumnNet column) {
        if (TextlessOids.contains(column.typeOid())) {
            return null;
        }
        ArrayOids.Element element = ArrayOids.elementOf(column.typeOid());
        if (element == null) {
            return ofOne(column, column.typeOid());
        }
        return TextlessOids.contains(element.oid()) ? null : new ArrayNet(column, element.oid());
    }

    /** The net for cells of a type that is no array. */
    static CellNet ofOne(ColumnNet column, int typeOid) {
        switch (typeOid) {
            case 19, 25, 114, 142, 705, 1042, 1043, 2275, 3802:
                return new TextNet(column, typeOid);
            case 17:
                return new ByteaNet(column);
            default:
                return new OpaqueNet(column);
        }
    }

    @Override
    public final String field() {
        return field;
    }

    @Override
    public abstract @Nullable Find on(ByteBuf source, int index, int length);

    @Override
    public final void write(ByteBuf source, int index, int length, ByteBuf out) {
        throw new IllegalStateException("a net replaces what it finds, one cell at a time");
    }

    /** The bytes, in an array that is the caller's until this is called again. */
    static byte[] bytes(ByteBuf source, int index, int length) {
        byte[] bytes = length <= KEPT_SCRATCH ? SCRATCH.get() : new byte[length];
        source.getBytes(index, bytes, 0, length);
        return bytes;
    }

    /** What becomes of the cell, when a mask in place leaves that. */
    final Find found(Caught caught, byte @Nullable [] masked, byte @Nullable [] redacted) {
        Action action = caught.action();
        return new Find(
                field,
                caught.hits(),
                action == Action.ACTION_DENY,
                action == Action.ACTION_MASK && masked != null ? masked : redacted);
    }

    /** What becomes of a cell of several texts. */
    final Find found(List<Find> finds, byte @Nullable [] replacement) {
        return new Find(
                field,
                finds.stream().flatMap(find -> find.finds().stream()).toList(),
                finds.stream().anyMatch(Find::withheld),
                replacement);
    }
}
