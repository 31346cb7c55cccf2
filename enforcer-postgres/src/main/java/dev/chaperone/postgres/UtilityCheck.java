package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.UnanalysableException;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Holds the classification of a statement that the server does not plan against what the server took it for, and finds those
 * that run queries or code which no tree shows.
 */
final class UtilityCheck {

    private static final Pattern NODE = Pattern.compile(
            "^\\(\\{QUERY :commandType \\d+\\s.*?:utilityStmt\\s+(?:\\{([A-Z]+)|(\\?)|<>)", Pattern.DOTALL);

    /** Statements that hide what they read or run. */
    private static final Set<String> OPAQUE = Set.of(
            "CREATETABLEASSTMT",
            "REFRESHMATVIEWSTMT",
            "DOSTMT",
            "CALLSTMT",
            "COPYSTMT",
            "EXPLAINSTMT",
            "DECLARECURSORSTMT",
            "FETCHSTMT",
            "CLOSEPORTALSTMT",
            "PREPARESTMT",
            "EXECUTESTMT",
            "LISTENSTMT",
            "UNLISTENSTMT",
            "NOTIFYSTMT",
            "LOCKSTMT",
            "LOADSTMT");

    private static final Set<String> OPAQUE_OPERATIONS =
            Set.of("do", "call", "refresh", "load", "select into", "create materialized view", "create table as");

    /** Servers before 16 do not print which statement it is; then AS in a CREATE TABLE tells, where it is no generated column's. */
    private static final Pattern GENERATED =
            Pattern.compile("\\bgenerated\\s+(always|by\\s+default)\\s+as\\b", Pattern.CASE_INSENSITIVE);

    private static final Pattern AS = Pattern.compile("\\bas\\b", Pattern.CASE_INSENSITIVE);

    private UtilityCheck() {}

    /** Why it is not known what the statement does; null when it is. */
    static @Nullable UnanalysableException refusal(SqlStatement statement, @Nullable String tree) {
        if (tree == null) {
            return new UnanalysableException("the database did not say what the statement would do");
        }
        Matcher matcher = NODE.matcher(tree);
        if (!matcher.find()) {
            return new UnanalysableException("the database did not say what kind of statement it is");
        }
        String node = matcher.group(1);
        boolean unnamed = matcher.group(2) != null;
        if (node == null && !unnamed) {
            return new UnanalysableException("the database takes `" + statement.operation() + "` for a query");
        }
        if (node != null && OPAQUE.contains(node)
                || OPAQUE_OPERATIONS.contains(statement.operation())
                || unnamed && createsFromQuery(statement)) {
            return new UnanalysableException("what `" + statement.operation() + "` "
                    + (node == null ? "" : "of this form ") + "would touch is not analysed");
        }
        String expected = switch (statement.statementClass()) {
            case TRANSACTION -> "TRANSACTIONSTMT";
            case SET, RESET -> "VARIABLESETSTMT CONSTRAINTSSETSTMT";
            case SHOW -> "VARIABLESHOWSTMT";
            case DISCARD -> "DISCARDSTMT";
            case DEALLOCATE -> "DEALLOCATESTMT";
            case TRUNCATE -> "TRUNCATESTMT";
            default -> "";
        };
        if (node != null && !expected.isEmpty() && !Set.of(expected.split(" ")).contains(node)) {
            return new UnanalysableException(
                    "the database takes `" + statement.operation() + "` for another kind of statement");
        }
        return null;
    }

    private static boolean createsFromQuery(SqlStatement statement) {
        return statement.operation().equals("create table")
                && AS.matcher(GENERATED.matcher(statement.text()).replaceAll(" "))
                        .find();
    }
}
