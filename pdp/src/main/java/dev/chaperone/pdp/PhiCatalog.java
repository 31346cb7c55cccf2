package dev.chaperone.pdp;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.ColumnSource;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.rules.Classifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says which columns hold what class of PHI. Names are exact and case-sensitive; a table's name may hold {@code *} for any
 * characters, which counts only where no exact name matches, the pattern with the most literal characters first.
 *
 * <p>A relation also answers to the names of its ancestors (partition parents, inheritance parents): of all explicit labels
 * of a column the strongest counts, and only where there is none the strongest {@code others}. What is not listed is
 * UNKNOWN.
 *
 * <p>Generated columns and materialised views are labelled by what they are made of, unless they are listed themselves: an
 * unchanged value has its source's label; what was computed from an identifier is UNKNOWN, since no mask is known to fit it.
 */
public final class PhiCatalog implements Classifier {

    /** The catalog that knows nothing. */
    public static final PhiCatalog EMPTY = new PhiCatalog(Map.of());

    static final String UNKNOWN = "UNKNOWN";
    static final String CLINICAL = "CLINICAL";
    static final String NONE = "NONE";

    /** Largest catalog file, in bytes. */
    private static final long MAX_BYTES = 16 << 20;

    private static final String WHOLE_ROW = "*";
    private static final int IDENTIFIER = 2;

    /** Catalogs of the database itself that hold data values, statement texts or credentials. */
    private static final Set<String> REVEALING_SYSTEM_RELATIONS = Set.of(
            "pg_authid",
            "pg_cursors",
            "pg_file_settings",
            "pg_hba_file_rules",
            "pg_largeobject",
            "pg_prepared_statements",
            "pg_shadow",
            "pg_stat_activity",
            "pg_stat_statements",
            "pg_statistic",
            "pg_statistic_ext_data",
            "pg_stats",
            "pg_stats_ext",
            "pg_stats_ext_exprs",
            "pg_user_mapping",
            "pg_user_mappings",
            "user_mapping_options");

    private final Map<String, Map<String, CatalogSchema>> databases;

    PhiCatalog(Map<String, Map<String, CatalogSchema>> databases) {
        this.databases = Map.copyOf(databases);
    }

    /**
     * Reads a catalog.
     *
     * @throws PolicyLoadException when it cannot be read or holds something that is not understood, with every place
     */
    public static PhiCatalog read(Path file) {
        return parse(file.toString(), text(file));
    }

    /**
     * Reads a catalog's text.
     *
     * @param name what problems call it
     * @throws PolicyLoadException when it holds something that is not understood, with every place
     */
    public static PhiCatalog parse(String name, String text) {
        return new CatalogReader(name, text).read();
    }

    static String text(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new PolicyLoadException(List.of("catalog `" + file + "` has " + size + " bytes, expected at most "
                        + MAX_BYTES + "; use wildcards and `others` for tables alike"));
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new PolicyLoadException(List.of("catalog `" + file + "` cannot be read: " + e));
        }
    }

    @Override
    public String phiClass(Relation relation, Column column) {
        List<CatalogTable> tables = tables(relation);
        if (column.getName().equals(WHOLE_ROW)) {
            return tables.isEmpty() ? unlisted(relation) : wholeRow(tables);
        }
        return label(relation.getDatabase(), tables, column.getName(), column.getSourcesList(), unlisted(relation));
    }

    /**
     * The label of a column: its own; else that of what it is made of; else that of its relation's other columns.
     *
     * @param unlisted what it is when its relation is not listed
     */
    private String label(
            String database, List<CatalogTable> tables, String column, List<ColumnSource> sources, String unlisted) {
        String label = listed(tables, column);
        if (label != null) {
            return label;
        }
        String made = made(database, sources);
        if (tables.isEmpty()) {
            return made == null ? unlisted : made;
        }
        String others = others(tables);
        if (made == null) {
            return others;
        }
        return others.equals(UNKNOWN) ? made : stronger(others, made);
    }

    private static @Nullable String listed(List<CatalogTable> tables, String column) {
        @Nullable String label = null;
        for (CatalogTable table : tables) {
            label = strongest(label, table.columns().get(column));
        }
        return label;
    }

    private static String others(List<CatalogTable> tables) {
        String others = NONE;
        for (CatalogTable table : tables) {
            others = stronger(others, table.others());
        }
        return others;
    }

    /** The label of what is made of these; null when nothing is known to go into it. */
    private @Nullable String made(String database, List<ColumnSource> sources) {
        @Nullable String label = null;
        for (ColumnSource source : sources) {
            String own = label(database, source);
            boolean identifies = rank(own) == IDENTIFIER;
            boolean mixed = identifies && label != null && rank(label) == IDENTIFIER && !label.equals(own);
            label = strongest(label, identifies && source.getComputed() || mixed ? UNKNOWN : own);
        }
        return label;
    }

    private String label(String database, ColumnSource source) {
        return label(
                database,
                tables(database, source.getSchema(), source.getRelation(), source.getAncestorsList()),
                source.getColumn(),
                source.getSourcesList(),
                UNKNOWN);
    }

    /**
     * PHI that is known to be there counts before what is unknown: the relation is one that holds PHI, whatever else. Of
     * columns that are not listed only those that a request touches matter, so that {@code others} being unknown makes a
     * relation unknown only where nothing is listed.
     */
    @Override
    public String relationClass(Relation relation) {
        List<CatalogTable> tables = tables(relation);
        if (tables.isEmpty()) {
            return relation.getBuiltFromCount() == 0
                    ? unlisted(relation)
                    : builtFrom(relation.getDatabase(), relation.getBuiltFromList());
        }
        String known = NONE;
        boolean unknown = false;
        for (CatalogTable table : tables) {
            for (String label : table.columns().values()) {
                unknown |= label.equals(UNKNOWN);
                known = label.equals(UNKNOWN) ? known : stronger(known, label);
            }
            unknown |= table.others().equals(UNKNOWN) && table.columns().isEmpty();
            known = table.others().equals(UNKNOWN) ? known : stronger(known, table.others());
        }
        return known.equals(NONE) && unknown ? UNKNOWN : known;
    }

    /** As above: of a materialised view's columns, too, only those that a request touches matter. */
    private String builtFrom(String database, List<ColumnSource> sources) {
        String known = NONE;
        boolean unknown = false;
        for (ColumnSource source : sources) {
            String label = label(database, source);
            unknown |= label.equals(UNKNOWN);
            known = label.equals(UNKNOWN) ? known : stronger(known, label);
        }
        return known.equals(NONE) && unknown ? UNKNOWN : known;
    }

    /** A row as one value holds everything its columns hold, so it is as unknown as the least known of them. */
    private static String wholeRow(List<CatalogTable> tables) {
        String strongest = NONE;
        for (CatalogTable table : tables) {
            for (String label : table.labels()) {
                strongest = stronger(strongest, label);
            }
        }
        return strongest;
    }

    private static String unlisted(Relation relation) {
        return relation.getSystem() && !REVEALING_SYSTEM_RELATIONS.contains(relation.getName()) ? NONE : UNKNOWN;
    }

    private List<CatalogTable> tables(Relation relation) {
        return tables(relation.getDatabase(), relation.getSchema(), relation.getName(), relation.getAncestorsList());
    }

    private List<CatalogTable> tables(String database, String schema, String name, List<String> ancestors) {
        Map<String, CatalogSchema> schemas = databases.get(database);
        if (schemas == null) {
            return List.of();
        }
        List<CatalogTable> found = new ArrayList<>(1 + ancestors.size());
        add(found, schemas.get(schema), name);
        for (String ancestor : ancestors) {
            // Names may hold dots themselves, so every way to split is tried: one label too many does no harm.
            for (int dot = ancestor.indexOf('.'); dot >= 0; dot = ancestor.indexOf('.', dot + 1)) {
                add(found, schemas.get(ancestor.substring(0, dot)), ancestor.substring(dot + 1));
            }
        }
        return found;
    }

    private static void add(List<CatalogTable> found, @Nullable CatalogSchema schema, String name) {
        CatalogTable table = schema == null ? null : schema.table(name);
        if (table != null) {
            found.add(table);
        }
    }

    /** The stronger of two labels either of which may be missing. */
    private static @Nullable String strongest(@Nullable String one, @Nullable String other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return stronger(one, other);
    }

    private static String stronger(String one, String other) {
        return rank(one) >= rank(other) ? one : other;
    }

    /** Identifiers of 45 CFR 164.514(b)(2)(i) are all alike here: any one of them identifies. */
    private static int rank(String phiClass) {
        return switch (phiClass) {
            case NONE -> 0;
            case CLINICAL -> 1;
            case UNKNOWN -> 3;
            default -> IDENTIFIER;
        };
    }
}
