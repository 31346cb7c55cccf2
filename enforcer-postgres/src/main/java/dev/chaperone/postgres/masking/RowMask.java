package dev.chaperone.postgres.masking;

import java.util.Map;
import java.util.TreeMap;

/** What to mask in the rows of one result. Immutable, and safe for use by any thread; make it once, use it for every row. */
public final class RowMask {

    private final int columnCount;
    private final int[] positions;
    private final CellMask[] cells;

    /**
     * @param columnCount columns of the result, as RowDescription counts them
     * @param masks what to mask, by position from 0; the other columns pass unchanged
     * @throws IllegalArgumentException when a position is outside the result
     */
    public RowMask(int columnCount, Map<Integer, ColumnMask> masks) {
        if (columnCount < 0 || columnCount > Short.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a result of `" + columnCount + "` columns cannot be; it has 0 to 32767");
        }
        this.columnCount = columnCount;
        this.positions = new int[masks.size()];
        this.cells = new CellMask[masks.size()];
        int next = 0;
        for (Map.Entry<Integer, ColumnMask> mask : new TreeMap<>(masks).entrySet()) {
            if (mask.getKey() < 0 || mask.getKey() >= columnCount) {
                throw new IllegalArgumentException(
                        "the position `" + mask.getKey() + "` is outside a result of " + columnCount + " columns");
            }
            positions[next] = mask.getKey();
            cells[next++] = CellMask.of(mask.getValue());
        }
    }

    /** Columns that every row must have. */
    public int columnCount() {
        return columnCount;
    }

    /** Columns that are masked. */
    public int maskedColumns() {
        return positions.length;
    }

    /** Position of the masked column of that rank; -1 past the last one. */
    int position(int rank) {
        return rank < positions.length ? positions[rank] : -1;
    }

    CellMask cell(int rank) {
        return cells[rank];
    }
}
