package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** What the formats of lines and delimiters share: which bytes of a payload pass, and which are kept back to be masked. */
abstract class DelimitedCopyMasker extends CopyMasker {

    final byte delimiter;
    final byte[] nullText;
    private boolean header;
    private boolean kept;
    private int run;

    DelimitedCopyMasker(CopyFormat format, RowMask plan, int maxFieldBytes, OriginalsCollector originals) {
        super(plan, maxFieldBytes, originals);
        delimiter = format.delimiter();
        nullText = format.nullText().getBytes(StandardCharsets.UTF_8);
        header = format.header();
        kept = !header && isMasked();
    }

    @Override
    final void feed(ByteBuf payload, ByteBuf out) {
        run = payload.readerIndex();
        int end = payload.writerIndex();
        for (int i = run; i < end; i++) {
            accept(payload.getByte(i), payload, i, out);
        }
        if (!kept) {
            out.writeBytes(payload, run, end - run);
        }
    }

    @Override
    public final void end() {
        if (header || column() > 0 || !atFieldStart()) {
            throw mismatch("is not complete");
        }
    }

    /** Takes the byte at that index of the payload. */
    abstract void accept(byte b, ByteBuf payload, int index, ByteBuf out);

    /** True when nothing has come of the current field. */
    abstract boolean atFieldStart();

    /** True when the field that has come is SQL NULL. Asked only for kept fields. */
    abstract boolean isNull();

    /** Writes a field: the bytes of a value in the format's own way. */
    abstract void writeField(ByteBuf source, int index, int length, ByteBuf out);

    /** Prepares for the next field. */
    abstract void startField();

    /** True when the current field is kept back. */
    final boolean isKept() {
        return kept;
    }

    /** The field ended with the delimiter at that index. */
    final void endField(ByteBuf payload, int index, ByteBuf out) {
        finish(index, out);
        nextColumn();
        if (column() >= plan.columnCount()) {
            throw mismatch("has more columns than the analysed result, which has `" + plan.columnCount() + "`");
        }
        begin(payload, index, out);
    }

    /** The row ended with the newline at that index. */
    final void endRow(ByteBuf payload, int index, ByteBuf out) {
        boolean empty = column() == 0 && plan.columnCount() == 0 && atFieldStart();
        if (!empty && column() + 1 != plan.columnCount()) {
            throw mismatch(
                    "has `" + (column() + 1) + "` columns where the analysed result has `" + plan.columnCount() + "`");
        }
        finish(index, out);
        nextRow(!header);
        header = false;
        begin(payload, index, out);
    }

    private void finish(int index, ByteBuf out) {
        if (kept) {
            writeKept(out);
            clearValue();
            run = index;
        }
    }

    private void writeKept(ByteBuf out) {
        if (isNull()) {
            out.writeBytes(nullText);
            return;
        }
        ByteBuf cell = maskValue();
        int length = cell.getInt(0);
        if (length < 0) {
            out.writeBytes(nullText);
        } else {
            writeField(cell, Integer.BYTES, length, out);
        }
    }

    private void begin(ByteBuf payload, int index, ByteBuf out) {
        kept = !header && isMasked();
        if (kept) {
            out.writeBytes(payload, run, index + 1 - run);
        }
        startField();
    }

    static EnforcementException ambiguousNull() {
        return new EnforcementException(
                ErrorCode.OBLIGATION_UNFULFILLABLE,
                "a masked column cannot be copied in format text with a NULL of your own, because a value may be equal to it;"
                        + " leave NULL out, or use format csv");
    }
}
