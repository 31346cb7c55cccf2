package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Relation;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names under which the gateway prepares statements for itself. A client that looks at the names of its session is to find
 * its own only: for it, the gateway gives up what it has prepared.
 */
final class OwnNames {

    private static final List<String> OWN = List.of(
            Binding.READ_ONLY,
            ClientMessages.OWN,
            CopyFlow.COPY,
            CopyFlow.SOURCE,
            Meanings.INNER,
            NoWait.OWN,
            Pins.OWN,
            PlannerEstimate.NAME,
            SourceRewrite.NAME,
            SourceRewrite.SOURCE,
            StatementFlow.UNREADABLE,
            SyntaxCheck.STATEMENT,
            UtilityFlow.OUTER);

    private static final String STATEMENTS = "pg_prepared_statement";

    /** Longer texts are not searched. */
    private static final int LONGEST = 8192;

    private static final Set<String> SHOWING = Set.of("pg_prepared_statements", "pg_cursors");

    private OwnNames() {}

    /** True when a text names what shows prepared statements. */
    static boolean named(String sql) {
        return sql.length() >= STATEMENTS.length()
                && sql.length() <= LONGEST
                && sql.toLowerCase(Locale.ROOT).contains(STATEMENTS);
    }

    /** True when a statement looks at the names of its session. */
    static boolean shown(SqlStatement statement, @Nullable QueryAnalysis analysis) {
        if (analysis == null) {
            return false;
        }
        if (named(statement.text())) {
            return true;
        }
        for (Relation relation : analysis.relations()) {
            if (relation.getSchema().equals("pg_catalog") && SHOWING.contains(relation.getName())) {
                return true;
            }
        }
        return false;
    }

    /** Has the server forget them, but for the statement that is about to be bound. */
    static void close(ByteBuf out, Handles handles, String bound) {
        handles.lost();
        for (String name : handles.dropped()) {
            close(out, name, bound);
        }
        for (String name : OWN) {
            FrontendWriter.close(out, Target.PORTAL, name);
            close(out, name, bound);
        }
    }

    private static void close(ByteBuf out, String name, String bound) {
        if (!name.equals(bound)) {
            FrontendWriter.close(out, Target.STATEMENT, name);
        }
    }
}
