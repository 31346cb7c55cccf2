package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parts of a statement that Chaperone itself acts on. Names are folded as the server folds them; texts are verbatim. */
public sealed interface StatementDetail {

    /** SQL-level PREPARE. */
    record Prepare(String name, List<String> types, String body) implements StatementDetail {
        public Prepare {
            types = List.copyOf(types);
        }
    }

    /** SQL-level EXECUTE; arguments are expressions, verbatim. */
    record Execute(String name, List<String> arguments) implements StatementDetail {
        public Execute {
            arguments = List.copyOf(arguments);
        }
    }

    /** DEALLOCATE of one prepared statement, or of all when the name is null. */
    record Deallocate(@Nullable String name) implements StatementDetail {}

    /** DISCARD; {@code what} is "all", "plans", "sequences" or "temp". */
    record Discard(String what) implements StatementDetail {}

    /**
     * DECLARE of a cursor.
     *
     * @param name the cursor's name
     * @param binary rows are delivered in binary whatever the client asks for
     * @param hold the cursor outlives its transaction
     * @param body the query, verbatim
     */
    record Declare(String name, boolean binary, boolean hold, String body) implements StatementDetail {}

    /** FETCH, MOVE or CLOSE of one cursor; CLOSE ALL when the name is null. */
    record CursorUse(@Nullable String name) implements StatementDetail {}

    /**
     * CREATE TABLE AS, SELECT INTO or CREATE MATERIALIZED VIEW.
     *
     * @param target the name of what is created, in its parts
     * @param temporary true when it is for this session only
     * @param body the query that is run, with blanks where SELECT INTO names its target
     * @param start where in the statement's text the body stands
     */
    record CreateAs(List<String> target, boolean temporary, String body, int start) implements StatementDetail {
        public CreateAs {
            target = List.copyOf(target);
        }
    }

    /**
     * LOCK of relations.
     *
     * @param relations each as written
     * @param names of each of them, with its schema where that is given
     * @param noWait at once or not at all
     */
    record Lock(List<String> relations, List<String> names, boolean noWait) implements StatementDetail {
        public Lock {
            relations = List.copyOf(relations);
            names = List.copyOf(names);
        }
    }

    /** EXPLAIN; {@code analyze} means that the body is executed. */
    record Explain(boolean analyze, String body) implements StatementDetail {}

    /**
     * COPY.
     *
     * @param from true for COPY FROM, which writes
     * @param relation the relation as written, null for COPY (query)
     * @param columns the column list as written; empty when there is none
     * @param query the query of COPY (query), verbatim; null for a relation
     * @param client true for STDIN or STDOUT, false for a file or a program on the server
     * @param tail everything after STDIN or STDOUT, verbatim; empty when {@code client} is false
     * @param options the options, keys lower case, values as written without quotes; a flag's value is "true"
     * @param where the condition of COPY FROM, verbatim, null when there is none
     */
    record Copy(
            boolean from,
            @Nullable String relation,
            List<String> columns,
            @Nullable String query,
            boolean client,
            String tail,
            Map<String, String> options,
            @Nullable String where)
            implements StatementDetail {
        public Copy {
            columns = List.copyOf(columns);
            options = Map.copyOf(options);
        }
    }

    /**
     * SET, RESET or SHOW of a setting.
     *
     * @param name the setting, lower case; "all" for RESET ALL and SHOW ALL. SET TRANSACTION is "transaction", SET SESSION
     *     CHARACTERISTICS is "session characteristics", SET CONSTRAINTS is "constraints"; SET TIME ZONE, NAMES, SCHEMA, ROLE,
     *     SESSION AUTHORIZATION, SEED and XML OPTION give the setting that they stand for
     * @param local true for SET LOCAL
     * @param values the values without quotes, in order; empty for DEFAULT, RESET and SHOW
     */
    record Setting(String name, boolean local, List<String> values) implements StatementDetail {
        public Setting {
            values = List.copyOf(values);
        }
    }
}
