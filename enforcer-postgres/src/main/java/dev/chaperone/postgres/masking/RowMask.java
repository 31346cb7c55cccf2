package dev.chaperone.postgres.masking;

import java.util.Map;
import java.util.TreeMap;

/** What to mask in the rows of one result, and what to search. Immutable, and safe for use by any thread; make it once, use it for every row. */
public final class RowMask {

    private final int columnCount;
    private final int[] positions;
    private final CellMask[] cells;
    private final int masked;

    /**
     * @param columnCount columns of the result, as RowDescription counts them
     * @param masks what to mask, by position from 0; the other columns pass unchanged
     * @throws IllegalArgumentException when a position is outside the result
     */
    public RowMask(int columnCount, Map<Integer, ColumnMask> masks) {
        this(columnCount, masks, Map.of());
    }

    /**
     * @param columnCount columns of the result, as RowDescription counts them
     * @param masks what to mask, by position from 0
     * @param nets what to search, by position from 0, where it is not masked; columns whose type has no text pass unchanged
     * @throws IllegalArgumentException when a position is outside the result
     */
    public RowMask(int columnCount, Map<Integer, ColumnMask> masks, Map<Integer, ColumnNet> nets) {
        if (columnCount < 0 || columnCount > Short.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a result of `" + columnCount + "` columns cannot be; it has 0 to 32767");
        }
        Map<Integer, CellMask> all = new TreeMap<>();
        nets.forEach((position, column) -> {
            CellNet net = CellNet.of(column);
            if (net != null) {
                all.put(position, net);
            }
        });
        masks.forEach((position, mask) -> all.put(position, CellMask.of(mask)));
        this.columnCount = columnCount;
        this.masked = masks.size();
        this.positions = new int[all.size()];
        this.cells = new CellMask[all.size()];
        int next = 0;
        for (Map.Entry<Integer, CellMask> cell : all.entrySet()) {
            if (cell.getKey() < 0 || cell.getKey() >= columnCount) {
                throw new IllegalArgumentException(
                        "the position `" + cell.getKey() + "` is outside a result of " + columnCount + " columns");
            }
            positions[next] = cell.getKey();
            cells[next++] = cell.getValue();
        }
    }

    /** Columns that every row must have. */
    public int columnCount() {
        return columnCount;
    }

    /** Columns that are masked. */
    public int maskedColumns() {
        return masked;
    }

    /** True when no column is masked or searched. */
    public boolean isEmpty() {
        return positions.length == 0;
    }

    /** Position of the masked or searched column of that rank; -1 past the last one. */
    int position(int rank) {
        return rank < positions.length ? positions[rank] : -1;
    }

    CellMask cell(int rank) {
        return cells[rank];
    }
}
