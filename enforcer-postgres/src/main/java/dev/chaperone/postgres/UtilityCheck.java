package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementDetail;
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

    /** Statements that hide what they read or run, or whose meaning is found out in another way. */
    private static final Set<String> OPAQUE = Set.of(
            "CREATETABLEASSTMT",
            "DOSTMT",
            "CALLSTMT",
            "COPYSTMT",
            "EXPLAINSTMT",
            "DECLARECURSORSTMT",
            "DECLARECURSOR",
            "FETCHSTMT",
            "CLOSEPORTALSTMT",
            "PREPARESTMT",
            "EXECUTESTMT",
            "LISTENSTMT",
            "UNLISTENSTMT",
            "NOTIFYSTMT",
            "NOTIFY",
            "LOCKSTMT",
            "LOADSTMT");

    private static final Set<String> OPAQUE_OPERATIONS = Set.of("do", "call", "load");

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
        Set<String> expected = expected(statement);
        if (node != null && !expected.isEmpty()) {
            return expected.contains(node)
                    ? null
                    : new UnanalysableException(
                            "the database takes `" + statement.operation() + "` for another kind of statement");
        }
        if (node != null && OPAQUE.contains(node)
                || OPAQUE_OPERATIONS.contains(statement.operation())
                || unnamed && createsFromQuery(statement)) {
            return new UnanalysableException("what `" + statement.operation() + "` "
                    + (node == null ? "" : "of this form ") + "would touch is not analysed");
        }
        return null;
    }

    /** The nodes that the server may make of a statement; empty for those that may become many. */
    private static Set<String> expected(SqlStatement statement) {
        if (statement.detail() instanceof StatementDetail.CreateAs) {
            return Set.of("CREATETABLEASSTMT");
        }
        return switch (statement.statementClass()) {
            case TRANSACTION -> Set.of("TRANSACTIONSTMT");
            case SET, RESET -> Set.of("VARIABLESETSTMT", "CONSTRAINTSSETSTMT");
            case SHOW -> Set.of("VARIABLESHOWSTMT");
            case DISCARD -> Set.of("DISCARDSTMT");
            case DEALLOCATE -> Set.of("DEALLOCATESTMT");
            case PREPARE -> Set.of("PREPARESTMT");
            case EXECUTE -> Set.of("EXECUTESTMT");
            case EXPLAIN -> Set.of("EXPLAINSTMT");
            case LOCK -> Set.of("LOCKSTMT");
            case TRUNCATE -> Set.of("TRUNCATESTMT");
            case CURSOR, LISTEN ->
                switch (statement.operation()) {
                    // PostgreSQL 14 prints some of them, under other names.
                    case "declare" -> Set.of("DECLARECURSORSTMT", "DECLARECURSOR");
                    case "close" -> Set.of("CLOSEPORTALSTMT");
                    case "listen" -> Set.of("LISTENSTMT");
                    case "unlisten" -> Set.of("UNLISTENSTMT");
                    case "notify" -> Set.of("NOTIFYSTMT", "NOTIFY");
                    default -> Set.of("FETCHSTMT");
                };
            default -> Set.of();
        };
    }

    private static boolean createsFromQuery(SqlStatement statement) {
        boolean creates = statement.operation().equals("create table")
                || statement.operation().equals("create materialized view");
        return creates
                && !(statement.detail() instanceof StatementDetail.CreateAs)
                && AS.matcher(GENERATED.matcher(statement.text()).replaceAll(" "))
                        .find();
    }
}
