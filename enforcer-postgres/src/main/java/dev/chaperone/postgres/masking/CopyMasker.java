package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Masks the rows of one COPY TO STDOUT as they stream by. CopyData may be cut anywhere: what comes out does not depend on it,
 * and a payload that holds one row gives one row. Values that are not masked pass byte by byte as they are; of a masked one no
 * byte passes before it is replaced. Used by one thread.
 *
 * <p>What is not exactly of the format, or has another number of columns than planned, ends the stream with an exception.
 */
public abstract class CopyMasker {

    private static final int KEPT_CAPACITY = 64 << 10;

    final RowMask plan;
    private final int maxFieldBytes;
    private final OriginalsCollector originals;
    private final ByteBuf masked = Unpooled.buffer(64);
    private ByteBuf value = Unpooled.buffer(64);
    private long rows;
    private long maskedValues;
    private int column;
    private int rank;

    CopyMasker(RowMask plan, int maxFieldBytes, OriginalsCollector originals) {
        this.plan = plan;
        this.maxFieldBytes = maxFieldBytes;
        this.originals = originals;
    }

    /**
     * A masker for one COPY.
     *
     * @param format the format of its rows, which are in UTF8
     * @param plan what to mask; types and their modifiers are those that Describe gives for the copied query, formats are 1 for
     *     binary and 0 for the others
     * @param maxFieldBytes longest value of a masked column; a longer one is refused
     * @param originals takes what was replaced; it is given rows as {@link #rows} counts them
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when masked values could not be told from NULL
     */
    public static CopyMasker of(CopyFormat format, RowMask plan, int maxFieldBytes, OriginalsCollector originals) {
        switch (format.kind()) {
            case TEXT:
                return new TextCopyMasker(format, plan, maxFieldBytes, originals);
            case CSV:
                return new CsvCopyMasker(format, plan, maxFieldBytes, originals);
            default:
                return new BinaryCopyMasker(plan, maxFieldBytes, originals);
        }
    }

    /**
     * Masks the payload of one CopyData.
     *
     * @param payload what came; all its readable bytes are read
     * @param out takes what may pass now, which may be nothing; unchanged when this fails
     * @throws EnforcementException with UPSTREAM_MISMATCH when the rows are not as planned, with LIMIT_EXCEEDED when a value
     *     that is to be masked is too long, with DETECTED when one holds what must not be delivered
     */
    public final void mask(ByteBuf payload, ByteBuf out) {
        int start = out.writerIndex();
        try {
            feed(payload, out);
            payload.readerIndex(payload.writerIndex());
        } catch (RuntimeException | Error e) {
            out.writerIndex(start);
            throw e;
        }
    }

    /**
     * All data has come (CopyDone).
     *
     * @throws EnforcementException with UPSTREAM_MISMATCH when it ended within a row
     */
    public abstract void end();

    /** Rows that were complete so far. */
    public final long rows() {
        return rows;
    }

    /** Values that were replaced so far; SQL NULL counts for none. */
    public final long maskedValues() {
        return maskedValues;
    }

    abstract void feed(ByteBuf payload, ByteBuf out);

    /** Position of the current column. */
    final int column() {
        return column;
    }

    /** True when the current column is masked. */
    final boolean isMasked() {
        return plan.position(rank) == column;
    }

    final void nextColumn() {
        if (isMasked()) {
            rank++;
        }
        column++;
    }

    final void nextRow(boolean counted) {
        column = 0;
        rank = 0;
        rows += counted ? 1 : 0;
    }

    /** What has come of the current column, if it is masked. */
    final ByteBuf value() {
        return value;
    }

    final void append(byte b) {
        requireRoom(1);
        value.writeByte(b);
    }

    final void append(ByteBuf source, int index, int length) {
        requireRoom(length);
        value.writeBytes(source, index, length);
    }

    /** Refuses a masked value before memory is taken for it. */
    final void requireRoom(int more) {
        if (more > maxFieldBytes - value.readableBytes()) {
            throw new EnforcementException(
                    ErrorCode.LIMIT_EXCEEDED,
                    "a value of column " + (column + 1) + " must be masked or searched and is longer than "
                            + maxFieldBytes + " bytes; leave the column out, or make it shorter");
        }
    }

    /** Masks the value that has come, if it is to be; gives the cell, its length first, valid until the next call. */
    final ByteBuf maskValue() {
        CellMask cell = plan.cell(rank).on(value, 0, value.readableBytes());
        masked.clear();
        if (cell == null) {
            return masked.writeInt(value.readableBytes()).writeBytes(value, 0, value.readableBytes());
        }
        originals.original(cell.withheld() ? -1 : rows, column, cell.field(), value, 0, value.readableBytes());
        originals.found(cell.finds());
        cell.write(value, 0, value.readableBytes(), masked);
        maskedValues++;
        return masked;
    }

    final void clearValue() {
        if (value.capacity() > KEPT_CAPACITY) {
            value = Unpooled.buffer(64);
        }
        value.clear();
    }

    static EnforcementException mismatch(String what) {
        return new EnforcementException(
                ErrorCode.UPSTREAM_MISMATCH,
                "a copied row from the database " + what + "; the session ends, connect again");
    }
}
