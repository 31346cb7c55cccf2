package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.ColumnSource;
import java.util.List;

/**
 * A column of a relation.
 *
 * @param name its name
 * @param type its type as the server spells it ("text", "numeric(10,2)")
 * @param plainType the type that its own type is made of when that is a domain or an array of domains, else its own one
 * @param generated true when its values are computed from those of other columns
 * @param sources the columns that its values come from, when it is a generated one or one of a materialised view
 * @param formerly the names that it had before, see {@link FormerNames}
 */
public record ColumnInfo(
        String name,
        String type,
        String plainType,
        boolean generated,
        List<ColumnSource> sources,
        List<String> formerly) {

    public ColumnInfo {
        sources = List.copyOf(sources);
        formerly = List.copyOf(formerly);
    }

    /** A column of which nothing is known about sources. */
    ColumnInfo(String name, String type, String plainType, boolean generated) {
        this(name, type, plainType, generated, List.of(), List.of());
    }

    ColumnInfo from(List<ColumnSource> known) {
        return new ColumnInfo(name, type, plainType, generated, known, formerly);
    }

    ColumnInfo formerly(List<String> names) {
        return new ColumnInfo(name, type, plainType, generated, sources, names);
    }
}
