package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.detect.Hit;
import io.netty.buffer.ByteBuf;
import java.util.List;

/** Takes the values that masking replaced, and what was found in them, for the record. */
@FunctionalInterface
public interface OriginalsCollector {

    /** Keeps nothing. */
    OriginalsCollector NONE = (row, column, field, source, index, length) -> {};

    /**
     * One value is about to be replaced. Not called for SQL NULL.
     *
     * @param row the row's number, as given to {@link DataRowMasker#mask}; -1 when the row is not delivered because of it
     * @param column position of the column, from 0
     * @param field the masked field's name
     * @param source holds the original, in the protocol's own encoding; valid during the call only, indices not to be moved
     * @param index where in {@code source} the original begins
     * @param length bytes of the original
     */
    void original(long row, int column, String field, ByteBuf source, int index, int length);

    /** Detectors found something in the value that {@link #original} was told of. */
    default void found(List<Hit> finds) {}
}
