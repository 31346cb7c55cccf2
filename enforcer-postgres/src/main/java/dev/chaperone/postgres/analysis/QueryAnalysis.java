package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What one statement touches and delivers, by the server's own account.
 *
 * @param command what the statement itself does
 * @param relations every relation touched at any level, with the columns and the uses made of them; for the decision request
 * @param disallowedFunctions functions that are not on the allow-list, schema-qualified, in order of appearance
 * @param restricted what it uses of the database's own catalogs that is no description of the schema, in words; for those only
 *     who may see everything
 * @param definitions where it does more with definitions of the schema, and the constants in them, than deliver them, in words
 * @param outputs the delivered columns in the order of RowDescription; empty when none are delivered
 * @param unrestricted true when an UPDATE or DELETE anywhere in the statement has no condition
 * @param writes true when the statement modifies data at any level
 * @param deletes true when it deletes at any level
 * @param locks fields "database.schema.relation" whose rows are locked (FOR UPDATE, FOR SHARE); they count as written
 */
public record QueryAnalysis(
        Command command,
        List<Relation> relations,
        List<String> disallowedFunctions,
        List<String> restricted,
        List<String> definitions,
        List<OutputColumn> outputs,
        boolean unrestricted,
        boolean writes,
        boolean deletes,
        Set<String> locks) {

    /** The command of a planned statement. */
    public enum Command {
        /** Reads. */
        SELECT,
        /** Adds rows. */
        INSERT,
        /** Changes rows. */
        UPDATE,
        /** Removes rows. */
        DELETE,
        /** Adds, changes or removes rows. */
        MERGE
    }

    public QueryAnalysis {
        relations = List.copyOf(relations);
        disallowedFunctions = List.copyOf(disallowedFunctions);
        restricted = List.copyOf(restricted);
        definitions = List.copyOf(definitions);
        outputs = List.copyOf(outputs);
        locks = Set.copyOf(locks);
    }

    /** The same for a statement that runs this one and delivers other columns. */
    public QueryAnalysis delivering(List<OutputColumn> others) {
        return with(relations, disallowedFunctions, others);
    }

    /** The same for a statement that calls further functions. */
    public QueryAnalysis calling(List<String> functions) {
        Set<String> all = new LinkedHashSet<>(disallowedFunctions);
        all.addAll(functions);
        return with(relations, List.copyOf(all), outputs);
    }

    /** What its plan shows: values of any column that it uses, in conditions and in the numbers of rows. */
    public QueryAnalysis explained() {
        OutputColumn plan = new OutputColumn("QUERY PLAN", 0, 0, 0, Set.of(), false, false, false);
        return with(
                        uses(column -> column.addUses(Use.USE_DERIVED).addUses(Use.USE_PREDICATE)),
                        disallowedFunctions,
                        List.of(plan))
                .withholding(outputs);
    }

    /** What a statement does that stores its rows in a relation of its own: what would be delivered is kept, unmasked. */
    public QueryAnalysis storing(Relation target) {
        List<Relation> all = new ArrayList<>(uses(column -> {
            if (column.getUsesList().contains(Use.USE_OUTPUT)) {
                column.addUses(Use.USE_DERIVED);
            }
        }));
        all.add(target.toBuilder().setWritten(true).build());
        return with(all, disallowedFunctions, List.of()).withholding(outputs);
    }

    /** What would not have been delivered may not be kept either. */
    private QueryAnalysis withholding(List<OutputColumn> delivered) {
        Set<String> all = new LinkedHashSet<>(restricted);
        delivered.stream()
                .filter(column -> column.withheld() || column.definition())
                .forEach(column -> all.add("column `" + column.name() + "`"));
        return new QueryAnalysis(
                command,
                relations,
                disallowedFunctions,
                List.copyOf(all),
                definitions,
                outputs,
                unrestricted,
                writes,
                deletes,
                locks);
    }

    /** What a statement does that keeps others from its relations. */
    public QueryAnalysis locking() {
        return with(
                relations.stream()
                        .map(relation -> relation.toBuilder().setWritten(true).build())
                        .toList(),
                disallowedFunctions,
                List.of());
    }

    private List<Relation> uses(Consumer<Column.Builder> more) {
        return relations.stream()
                .map(relation -> {
                    Relation.Builder changed = relation.toBuilder();
                    for (Column.Builder column : changed.getColumnsBuilderList()) {
                        more.accept(column);
                        Set<Use> uses = new TreeSet<>(column.getUsesList());
                        column.clearUses().addAllUses(uses);
                    }
                    return changed.build();
                })
                .toList();
    }

    private QueryAnalysis with(List<Relation> touched, List<String> functions, List<OutputColumn> delivered) {
        return new QueryAnalysis(
                command, touched, functions, restricted, definitions, delivered, unrestricted, writes, deletes, locks);
    }
}
