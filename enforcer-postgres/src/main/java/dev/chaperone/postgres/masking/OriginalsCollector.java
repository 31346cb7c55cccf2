package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;

/** Takes the values that masking replaced, for the record. */
@FunctionalInterface
public interface OriginalsCollector {

    /** Keeps nothing. */
    OriginalsCollector NONE = (row, column, field, source, index, length) -> {};

    /**
     * One value is about to be replaced. Not called for SQL NULL.
     *
     * @param row the row's number, as given to {@link DataRowMasker#mask}
     * @param column position of the column, from 0
     * @param field the masked field's name
     * @param source holds the original, in the protocol's own encoding; valid during the call only, indices not to be moved
     * @param index where in {@code source} the original begins
     * @param length bytes of the original
     */
    void original(long row, int column, String field, ByteBuf source, int index, int length);
}
