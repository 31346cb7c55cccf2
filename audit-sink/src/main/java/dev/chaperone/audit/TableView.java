package dev.chaperone.audit;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows as the client saw them.
 *
 * @param columns column names; "column 1" and so on where the client was not told any
 * @param rows cells by row; null is SQL NULL
 * @param omitted rows that were delivered but are not listed here, for want of room
 */
public record TableView(List<String> columns, List<List<@Nullable String>> rows, long omitted) {

    public TableView {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
    }
}
