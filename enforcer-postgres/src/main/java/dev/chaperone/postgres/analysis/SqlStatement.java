package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.ActionClass;
import org.jspecify.annotations.Nullable;

/**
 * One statement of a query string.
 *
 * @param text the statement without its semicolon and without surrounding white space and comments
 * @param start where {@code text} starts in the query string, in UTF-16 units
 * @param end where it ends, exclusive
 * @param statementClass what kind of statement it is
 * @param operation its command, lower case ("select", "drop table"); empty for an empty statement
 * @param detail the parts of a statement that is not left to the server to analyse, null where there are none or where the
 *     statement has a form that is not understood
 */
public record SqlStatement(
        String text,
        int start,
        int end,
        StatementClass statementClass,
        String operation,
        @Nullable StatementDetail detail) {

    public SqlStatement {
        if (start < 0 || end < start || text.length() != end - start) {
            throw new IllegalArgumentException("statement bounds " + start + ".." + end + " do not fit its text");
        }
    }

    /** True when it may run code, as far as its kind says: all that is not about the session itself. */
    public boolean runsCode() {
        return switch (statementClass) {
            case EMPTY, TRANSACTION, SET, RESET, SHOW, DISCARD, DEALLOCATE, PREPARE, LISTEN, LOCK -> false;
            default -> true;
        };
    }

    /**
     * What the statement does, as far as its command says. For a {@link StatementClass#QUERY} the tree has the last word: a
     * WITH may modify data.
     *
     * @return unspecified for a statement that is not recognised
     */
    public ActionClass actionClass() {
        return switch (statementClass) {
            case QUERY ->
                operation.equals("select into") ? ActionClass.ACTION_CLASS_SCHEMA : ActionClass.ACTION_CLASS_READ;
            case EXPLAIN, CURSOR ->
                operation.equals("close") ? ActionClass.ACTION_CLASS_SESSION : ActionClass.ACTION_CLASS_READ;
            case DML -> operation.equals("delete") ? ActionClass.ACTION_CLASS_DELETE : ActionClass.ACTION_CLASS_WRITE;
            case COPY ->
                // Files and programs of the server are not data.
                detail instanceof StatementDetail.Copy copy && copy.client()
                        ? copy.from() ? ActionClass.ACTION_CLASS_WRITE : ActionClass.ACTION_CLASS_READ
                        : ActionClass.ACTION_CLASS_ADMIN;
            case EMPTY, TRANSACTION, SET, RESET, SHOW, DISCARD, DEALLOCATE, PREPARE -> ActionClass.ACTION_CLASS_SESSION;
            // What was prepared is known to the session, not to the text.
            case EXECUTE -> ActionClass.ACTION_CLASS_INVOKE;
            // Whoever notifies decides what a listener gets.
            case LISTEN ->
                switch (operation) {
                    case "listen" -> ActionClass.ACTION_CLASS_INVOKE;
                    case "notify" -> ActionClass.ACTION_CLASS_WRITE;
                    default -> ActionClass.ACTION_CLASS_SESSION;
                };
            // A lock keeps others out.
            case LOCK -> ActionClass.ACTION_CLASS_WRITE;
            case TRUNCATE -> ActionClass.ACTION_CLASS_DELETE;
            case SCHEMA -> ActionClass.ACTION_CLASS_SCHEMA;
            case ADMIN -> ActionClass.ACTION_CLASS_ADMIN;
            case UNKNOWN -> ActionClass.ACTION_CLASS_UNSPECIFIED;
        };
    }

    /**
     * Where the first parameter ({@code $1}) of a statement that the server analyses stands in its text; -1 when it has none.
     * The body of a function has parameters of its own.
     */
    public int firstParameter() {
        boolean analysed = statementClass == StatementClass.QUERY
                || statementClass == StatementClass.DML
                || statementClass == StatementClass.EXPLAIN;
        if (!analysed || text.indexOf('$') < 0) {
            return -1;
        }
        SqlLexer lexer = new SqlLexer(text);
        while (lexer.next() != SqlLexer.Kind.END) {
            if (lexer.kind() == SqlLexer.Kind.PARAMETER) {
                return lexer.start();
            }
        }
        return -1;
    }
}
