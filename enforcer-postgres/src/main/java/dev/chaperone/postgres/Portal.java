package dev.chaperone.postgres;

import dev.chaperone.postgres.masking.RowMask;
import org.jspecify.annotations.Nullable;

/** A statement with its parameters, decided on and ready to run. Belongs to one session's event loop. */
final class Portal {

    private final String name;
    private final Prepared prepared;
    private final Ruling ruling;
    private final byte @Nullable [] description;
    private final int columns;
    private final @Nullable RowMask mask;
    private final long began = System.nanoTime();
    private long rows;
    private long bytes;
    private boolean completed;

    /**
     * @param name as on the wire
     * @param ruling the permission that it runs by
     * @param description its whole RowDescription message, null when it delivers no rows
     * @param columns of each row
     * @param mask what to mask, null when nothing is
     */
    Portal(
            String name,
            Prepared prepared,
            Ruling ruling,
            byte @Nullable [] description,
            int columns,
            @Nullable RowMask mask) {
        this.name = name;
        this.prepared = prepared;
        this.ruling = ruling;
        this.description = description;
        this.columns = columns;
        this.mask = mask;
    }

    String name() {
        return name;
    }

    Prepared prepared() {
        return prepared;
    }

    Ruling ruling() {
        return ruling;
    }

    byte @Nullable [] description() {
        return description;
    }

    int columns() {
        return columns;
    }

    @Nullable
    RowMask mask() {
        return mask;
    }

    long began() {
        return began;
    }

    long rows() {
        return rows;
    }

    long bytes() {
        return bytes;
    }

    void delivered(int rowBytes) {
        rows++;
        bytes += rowBytes;
    }

    /** True when its end has been recorded. */
    boolean completed() {
        return completed;
    }

    void complete() {
        completed = true;
    }
}
