package dev.chaperone.pdp;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the catalog says of one table, or of all tables of one pattern.
 *
 * @param columns column to PHI class
 * @param others PHI class of every column that is not listed
 */
record CatalogTable(Map<String, String> columns, String others) {

    CatalogTable {
        columns = Map.copyOf(columns);
    }

    /** The class of each listed column and of the others. */
    List<String> labels() {
        return Stream.concat(columns.values().stream(), Stream.of(others)).toList();
    }
}
