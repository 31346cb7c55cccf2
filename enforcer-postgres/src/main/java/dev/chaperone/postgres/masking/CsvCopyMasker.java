package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.Set;

/**
 * Format csv: fields that are quoted as a whole or not at all, as {@code CopyAttributeOutCSV} (src/backend/commands/copyto.c)
 * writes them. A value that is equal to the NULL text is quoted, so that the two are told apart.
 */
final class CsvCopyMasker extends DelimitedCopyMasker {

    private static final byte[] END_OF_DATA = {'\\', '.'};

    private enum State {
        START,
        PLAIN,
        QUOTED,
        ESCAPE,
        CLOSED
    }

    private final byte quote;
    private final byte escape;
    private final Set<Integer> forceQuoted;
    private State state = State.START;

    CsvCopyMasker(CopyFormat format, RowMask plan, int maxFieldBytes, OriginalsCollector originals) {
        super(format, plan, maxFieldBytes, originals);
        quote = format.quote();
        escape = format.escape();
        forceQuoted = format.forceQuoted();
    }

    @Override
    void accept(byte b, ByteBuf payload, int index, ByteBuf out) {
        switch (state) {
            case QUOTED:
                inQuotes(b);
                break;
            case ESCAPE:
                if (b != quote && b != escape) {
                    throw mismatch("has an escape that csv does not have");
                }
                state = State.QUOTED;
                keep(b);
                break;
            default:
                outsideQuotes(b, payload, index, out);
        }
    }

    private void inQuotes(byte b) {
        if (b == escape && escape != quote) {
            state = State.ESCAPE;
        } else if (b == quote) {
            state = State.CLOSED;
        } else {
            keep(b);
        }
    }

    private void outsideQuotes(byte b, ByteBuf payload, int index, ByteBuf out) {
        if (b == quote && state == State.START) {
            state = State.QUOTED;
        } else if (b == quote && state == State.CLOSED && escape == quote) {
            state = State.QUOTED;
            keep(b);
        } else if (b == delimiter) {
            endField(payload, index, out);
        } else if (b == '\n') {
            endRow(payload, index, out);
        } else if (b == quote || b == '\r' || b == 0 || state == State.CLOSED) {
            throw mismatch("has a character that csv quotes");
        } else {
            state = State.PLAIN;
            keep(b);
        }
    }

    private void keep(byte b) {
        if (isKept()) {
            append(b);
        }
    }

    @Override
    boolean atFieldStart() {
        return state == State.START;
    }

    @Override
    boolean isNull() {
        return state != State.CLOSED && isNullText(value(), 0, value().readableBytes());
    }

    @Override
    void startField() {
        state = State.START;
    }

    @Override
    void writeField(ByteBuf source, int index, int length, ByteBuf out) {
        if (!needsQuotes(source, index, length)) {
            out.writeBytes(source, index, length);
            return;
        }
        out.writeByte(quote);
        for (int i = index; i < index + length; i++) {
            byte b = source.getByte(i);
            if (b == quote || b == escape) {
                out.writeByte(escape);
            }
            out.writeByte(b);
        }
        out.writeByte(quote);
    }

    private boolean needsQuotes(ByteBuf source, int index, int length) {
        if (forceQuoted.contains(column()) || isNullText(source, index, length)) {
            return true;
        }
        for (int i = index; i < index + length; i++) {
            byte b = source.getByte(i);
            if (b == delimiter || b == quote || b == '\n' || b == '\r') {
                return true;
            }
        }
        return plan.columnCount() == 1 && equal(END_OF_DATA, source, index, length);
    }

    private boolean isNullText(ByteBuf source, int index, int length) {
        return equal(nullText, source, index, length);
    }

    private static boolean equal(byte[] expected, ByteBuf source, int index, int length) {
        if (length != expected.length) {
            return false;
        }
        byte[] found = new byte[length];
        source.getBytes(index, found);
        return Arrays.equals(found, expected);
    }
}
