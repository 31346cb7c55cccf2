package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;

/**
 * Format binary:
 *
 * <pre>{@code
 * signature (11 bytes) | Int32 flags | Int32 length of the header extension
 * per row:  Int16 columns | { Int32 length or -1, bytes } per column
 * trailer:  Int16 -1
 * }</pre>
 *
 * A server that PostgreSQL has released sets no flag and sends no header extension; others are not read.
 */
final class BinaryCopyMasker extends CopyMasker {

    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };

    private enum State {
        HEADER,
        COUNT,
        LENGTH,
        DATA,
        ENDED
    }

    private State state = State.HEADER;
    /** Bytes of the header, the count or the length that have come. */
    private int have;
    /** The count or length as far as it has come. */
    private int number;
    /** Bytes of the value that are yet to come. */
    private int rest;

    BinaryCopyMasker(RowMask plan, int maxFieldBytes, OriginalsCollector originals) {
        super(plan, maxFieldBytes, originals);
    }

    @Override
    void feed(ByteBuf payload, ByteBuf out) {
        int end = payload.writerIndex();
        int run = payload.readerIndex();
        int i = run;
        while (i < end) {
            boolean passes = state != State.LENGTH && state != State.DATA || !isMasked();
            if (state == State.DATA) {
                int length = Math.min(rest, end - i);
                if (!passes) {
                    append(payload, i, length);
                }
                rest -= length;
                i += length;
            } else {
                accept(payload.getByte(i++));
            }
            if (passes) {
                out.writeBytes(payload, run, i - run);
            }
            run = i;
            if (state == State.DATA && rest == 0) {
                endValue(out);
            }
        }
    }

    private void accept(byte b) {
        switch (state) {
            case HEADER:
                if (b != HEADER[have++]) {
                    throw mismatch("does not begin as format binary does");
                }
                if (have == HEADER.length) {
                    enter(State.COUNT);
                }
                break;
            case COUNT:
                if (collect(b, Short.BYTES)) {
                    count((short) number);
                }
                break;
            case LENGTH:
                if (collect(b, Integer.BYTES)) {
                    length();
                }
                break;
            default:
                throw mismatch("follows the trailer");
        }
    }

    private boolean collect(byte b, int bytes) {
        number = number << 8 | b & 0xff;
        return ++have == bytes;
    }

    private void enter(State next) {
        state = next;
        have = 0;
        number = 0;
    }

    private void count(short columns) {
        if (columns == -1) {
            enter(State.ENDED);
        } else if (columns != plan.columnCount()) {
            throw mismatch("has `" + columns + "` columns where the analysed result has `" + plan.columnCount() + "`");
        } else if (columns == 0) {
            nextRow(true);
            enter(State.COUNT);
        } else {
            enter(State.LENGTH);
        }
    }

    private void length() {
        if (number < -1) {
            throw mismatch("has a column `" + column() + "` of a length that cannot be");
        }
        int length = number;
        if (isMasked()) {
            requireRoom(Math.max(length, 0));
        }
        enter(State.DATA);
        number = length;
        rest = Math.max(length, 0);
    }

    private void endValue(ByteBuf out) {
        if (isMasked()) {
            if (number < 0) {
                out.writeInt(-1);
            } else {
                out.writeBytes(maskValue());
            }
            clearValue();
        }
        nextColumn();
        if (column() == plan.columnCount()) {
            nextRow(true);
            enter(State.COUNT);
        } else {
            enter(State.LENGTH);
        }
    }

    @Override
    public void end() {
        if (state != State.ENDED) {
            throw mismatch("is not complete");
        }
    }
}
