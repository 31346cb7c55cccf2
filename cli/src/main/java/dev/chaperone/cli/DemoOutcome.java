package dev.chaperone.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a statement came to.
 *
 * @param columns names of the columns; empty when it was refused or gave no rows
 * @param rows cells as text; null is SQL NULL
 * @param sqlState the error's SQLSTATE; empty when there was none
 * @param error the error as the client shows it; empty when there was none
 */
record DemoOutcome(List<String> columns, List<List<@Nullable String>> rows, String sqlState, String error) {

    DemoOutcome {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
    }

    boolean refused() {
        return !sqlState.isEmpty();
    }
}
