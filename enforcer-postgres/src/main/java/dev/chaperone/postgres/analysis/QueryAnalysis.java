package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.Relation;
import java.util.List;
import java.util.Set;

/**
 * What one statement touches and delivers, by the server's own account.
 *
 * @param command what the statement itself does
 * @param relations every relation touched at any level, with the columns and the uses made of them; for the decision request
 * @param disallowedFunctions functions that are not on the allow-list, schema-qualified, in order of appearance
 * @param restricted what it uses of the database's own catalogs that is no description of the schema, in words; for those only
 *     who may see everything
 * @param outputs the delivered columns in the order of RowDescription; empty when none are delivered
 * @param unrestricted true when an UPDATE or DELETE anywhere in the statement has no condition
 * @param writes true when the statement modifies data at any level
 * @param deletes true when it deletes at any level
 * @param locks fields "database.schema.relation" whose rows are locked (FOR UPDATE, FOR SHARE)
 */
public record QueryAnalysis(
        Command command,
        List<Relation> relations,
        List<String> disallowedFunctions,
        List<String> restricted,
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
        outputs = List.copyOf(outputs);
        locks = Set.copyOf(locks);
    }
}
