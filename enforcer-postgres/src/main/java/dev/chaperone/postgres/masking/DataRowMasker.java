package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;

/**
 * Rewrites DataRow messages (PostgreSQL documentation, chapter "Message Formats"):
 *
 * <pre>{@code
 * Byte1('D') Int32 length | Int16 columns | { Int32 length or -1, bytes } per column
 *                         '--- body -------------------------------------------'
 * }</pre>
 *
 * Cells that are not masked are copied in runs, without looking at them or allocating. A row that is not exactly what the plan
 * says never passes, not even in part.
 */
public final class DataRowMasker {

    private static final int HEADER_BYTES = 5;

    private DataRowMasker() {}

    /**
     * Writes one masked DataRow.
     *
     * @param body the message's body, without tag and length; all its readable bytes are read
     * @param plan what to mask
     * @param out takes the whole message, tag and length included; unchanged when this fails
     * @param row the row's number, handed on to the collector
     * @param originals takes what was replaced
     * @return how many values were replaced; SQL NULL counts for none
     * @throws EnforcementException with UPSTREAM_MISMATCH when the row is malformed or has another number of columns than the
     *     plan, with DETECTED when it holds what must not be delivered
     */
    public static int mask(ByteBuf body, RowMask plan, ByteBuf out, long row, OriginalsCollector originals) {
        int start = out.writerIndex();
        try {
            out.ensureWritable(HEADER_BYTES + body.readableBytes());
            out.writeByte('D').writeInt(0);
            int masked = maskBody(body, plan, out, row, originals);
            out.setInt(start + 1, out.writerIndex() - start - 1);
            return masked;
        } catch (RuntimeException | Error e) {
            out.writerIndex(start);
            throw e;
        }
    }

    private static int maskBody(ByteBuf body, RowMask plan, ByteBuf out, long row, OriginalsCollector originals) {
        int end = body.writerIndex();
        int run = body.readerIndex();
        if (body.readableBytes() < 2) {
            throw mismatch("is too short to have a column count");
        }
        int columns = body.readUnsignedShort();
        if (columns != plan.columnCount()) {
            throw mismatch("has `" + columns + "` columns where the analysed result has `" + plan.columnCount() + "`");
        }
        int masked = 0;
        int rank = 0;
        int next = plan.position(0);
        for (int column = 0; column < columns; column++) {
            int index = body.readerIndex() + 4;
            int length = cellLength(body, column);
            body.skipBytes(Math.max(length, 0));
            if (column == next) {
                CellMask cell = length < 0 ? null : plan.cell(rank).on(body, index, length);
                if (cell != null) {
                    originals.original(cell.withheld() ? -1 : row, column, cell.field(), body, index, length);
                    originals.found(cell.finds());
                    out.writeBytes(body, run, index - 4 - run);
                    cell.write(body, index, length, out);
                    run = index + length;
                    masked++;
                }
                next = plan.position(++rank);
            }
        }
        if (body.isReadable()) {
            throw mismatch("has `" + body.readableBytes() + "` bytes after its last column");
        }
        out.writeBytes(body, run, end - run);
        return masked;
    }

    private static int cellLength(ByteBuf body, int column) {
        if (body.readableBytes() < 4) {
            throw mismatch("ends within column `" + column + "`");
        }
        int length = body.readInt();
        if (length < -1 || length > body.readableBytes()) {
            throw mismatch("has a column `" + column + "` whose length exceeds the row");
        }
        return length;
    }

    private static EnforcementException mismatch(String what) {
        return new EnforcementException(
                ErrorCode.UPSTREAM_MISMATCH, "a row from the database " + what + "; the session ends, connect again");
    }
}
