package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Masks columns where a statement reads them, so that conditions, ordering, grouping and expressions work on masked values:
 *
 * <pre>{@code
 * select upper(name), count(*) from clinic.patients where city = 'Bern' group by 1
 * select upper(name), count(*) from (SELECT <mask of name> AS "name", "city" FROM "clinic"."patients") AS patients where …
 * }</pre>
 *
 * <ol>
 *   <li>{@link #sources} says from the server's tree which relations hold columns to mask, and how they are replaced;
 *   <li>each source's text is given to the server by itself, and its tree to {@link MaskedSource#verify};
 *   <li>{@link #rewrite} puts the sources into the statement's text;
 *   <li>the new text is given to the server, and its tree to {@link #verify}: what is masked at its source is used nowhere,
 *       what is not is found there as ever.
 * </ol>
 *
 * The rewriting itself is not trusted with anything but doing no more than it should, which {@link #verify} checks.
 */
public final class SourceMasking {

    /** How columns are masked. */
    public interface Masks {

        /** True when the field ("database.schema.relation.column") is masked wherever it is used. */
        boolean covers(String field);

        /**
         * The SQL expression that masks a column.
         *
         * @param fields what the column's values come from unchanged; one of them at least is covered
         * @param column the column's name, quoted
         * @param type its type as {@code format_type} spells it, of a domain the type that it is made of
         * @throws EnforcementException when it cannot be masked
         */
        String expression(Set<String> fields, String column, String type);
    }

    private SourceMasking() {}

    /**
     * The relations of a statement that hold columns to mask where the agent wrote it, each with the subquery to stand for it.
     *
     * @param tree the server's tree of the statement
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when a view computes with what is to be masked
     */
    public static List<MaskedSource> sources(CharSequence tree, CatalogSnapshot catalog, Masks masks) {
        List<MaskedSource> sources = new ArrayList<>();
        QueryAnalyzer.sourceColumns(tree, catalog).forEach((oid, columns) -> {
            MaskedSource source = source(relation(oid, catalog), columns, catalog, masks);
            if (source != null) {
                sources.add(source);
            }
        });
        return sources;
    }

    private static @Nullable MaskedSource source(
            RelationInfo relation, Map<Integer, Lineage.Summary> columns, CatalogSnapshot catalog, Masks masks) {
        List<String> list = new ArrayList<>();
        Set<Integer> masked = new HashSet<>();
        columns.forEach((number, summary) -> {
            ColumnInfo column = relation.column(number);
            if (column == null) {
                throw UnanalysableException.unknown("a column of relation `" + relation.qualifiedName() + "`");
            }
            String name = quoted(column.name());
            for (String field : fields(summary.derived(), catalog)) {
                if (masks.covers(field)) {
                    throw new EnforcementException(
                            ErrorCode.OBLIGATION_UNFULFILLABLE,
                            "view `" + relation.qualifiedName() + "` computes its column `" + column.name() + "` from `"
                                    + field + "`, which must be masked; read the table itself");
                }
            }
            Set<String> fields = fields(summary.pass(), catalog);
            if (fields.stream().anyMatch(masks::covers)) {
                masked.add(number);
                list.add(masks.expression(fields, name, column.plainType()) + " AS " + name);
            } else {
                list.add(name);
            }
        });
        String from = " FROM " + quoted(relation.schema()) + '.' + quoted(relation.name());
        return masked.isEmpty() ? null : new MaskedSource(relation, "SELECT " + String.join(", ", list) + from, masked);
    }

    private static Set<String> fields(Set<Long> columns, CatalogSnapshot catalog) {
        Set<String> fields = new HashSet<>();
        for (long column : columns) {
            RelationInfo relation = relation(Lineage.relation(column), catalog);
            ColumnInfo info = relation.column(Lineage.attribute(column));
            if (info != null) {
                fields.add(new FieldRef(relation.database(), relation.schema(), relation.name(), info.name()).field());
            }
        }
        return fields;
    }

    private static RelationInfo relation(int oid, CatalogSnapshot catalog) {
        RelationInfo relation = catalog.relation(oid);
        if (relation == null) {
            throw UnanalysableException.unknown("relation with oid `" + Integer.toUnsignedString(oid) + "`");
        }
        return relation;
    }

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** The statement with each source in the place of its relation, wherever that was found in its text. */
    public static String rewrite(String sql, List<MaskedSource> sources) {
        return SourceRewriter.rewrite(sql, sources);
    }

    /**
     * Analyses the rewritten statement.
     *
     * @param tree the server's tree of it
     * @param original what the statement as the agent wrote it touches
     * @return what it touches, without the columns that are masked at their source
     * @throws UnanalysableException when it touches anything that the original does not
     */
    public static QueryAnalysis verify(
            CharSequence tree, CatalogSnapshot catalog, List<MaskedSource.Verified> sources, QueryAnalysis original) {
        QueryAnalysis rewritten = QueryAnalyzer.analyze(tree, catalog, sources);
        boolean within = rewritten.command() == QueryAnalysis.Command.SELECT
                && !rewritten.writes()
                && original.locks().containsAll(rewritten.locks())
                && original.disallowedFunctions().containsAll(rewritten.disallowedFunctions())
                && rewritten.outputs().size() == original.outputs().size();
        Map<String, Relation> known = new HashMap<>();
        original.relations().forEach(relation -> known.put(name(relation), relation));
        for (Relation relation : rewritten.relations()) {
            Relation before = known.get(name(relation));
            within &= before != null && uses(before).containsAll(uses(relation));
        }
        if (!within) {
            throw new UnanalysableException("statement cannot be rewritten to work on masked values");
        }
        return rewritten;
    }

    private static String name(Relation relation) {
        return relation.getDatabase() + '.' + relation.getSchema() + '.' + relation.getName();
    }

    private static Set<String> uses(Relation relation) {
        Set<String> uses = new HashSet<>();
        for (Column column : relation.getColumnsList()) {
            column.getUsesList().forEach(use -> uses.add(use + " " + column.getName()));
        }
        return uses;
    }
}
