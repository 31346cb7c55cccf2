package dev.chaperone.postgres.masking;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Takes values out of ErrorResponse and NoticeResponse (PostgreSQL documentation, chapter "Error and Notice Message Fields").
 * A server's error text holds raw values: of the failed cast, the duplicate key, the row that a constraint does not admit, the
 * raised exception.
 *
 * <p>Kept: severity, SQLSTATE, position in the statement, and the routine that says that a statement must be prepared
 * again. The message becomes one that depends on the SQLSTATE only. All other fields (detail, hint, context, schema, table, column, constraint, internal query, source) are dropped, and so are fields
 * that are not known. Of violated constraints the names are kept where {@link Names} knows them.
 */
public final class ErrorSanitizer {

    /** Which names a report may name. Whatever says yes to a name says that it is no value. */
    public interface Names {

        /** Knows no name. */
        Names NONE = new Names() {};

        /** True for a column of a relation that the client's own statements write. */
        default boolean column(String schema, String relation, String column) {
            return false;
        }

        /** What a constraint has to do with the client's own statements; null when nothing. */
        default @Nullable Violation constraint(String schema, String relation, String constraint) {
            return null;
        }
    }

    /** How a statement can violate a constraint. */
    public enum Violation {
        /** By what it writes to the constraint's own relation. */
        OWN,
        /** By what it changes in the relation that a foreign key refers to. */
        REFERENCED
    }

    private static final Set<String> SEVERITIES =
            Set.of("ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "DEBUG", "INFO", "LOG");
    /** By these drivers know that they have to prepare a statement again. */
    private static final Set<String> REPREPARE = Set.of("RevalidateCachedQuery", "RevalidateCachedPlan");

    private static final Pattern POSITION = Pattern.compile("[0-9]{1,10}");

    private ErrorSanitizer() {}

    /**
     * The fields to send in place of the server's.
     *
     * @param fields the fields as received, by their type
     * @param names the names that may be named
     * @return a new map in the order to send them
     */
    public static Map<Character, String> sanitize(Map<Character, String> fields, Names names) {
        String severity = SEVERITIES.contains(fields.getOrDefault('V', "")) ? fields.get('V') : fields.get('S');
        String known = severity != null && SEVERITIES.contains(severity) ? severity : "ERROR";
        String code = SqlStates.known(fields.get('C'));
        Map<Character, String> safe = new LinkedHashMap<>();
        safe.put('S', known);
        safe.put('V', known);
        safe.put('C', code);
        safe.put('M', SqlStates.message(code));
        String position = fields.get('P');
        if (position != null && POSITION.matcher(position).matches()) {
            safe.put('P', position);
        }
        String routine = fields.get('R');
        if (routine != null && REPREPARE.contains(routine)) {
            safe.put('R', routine);
        }
        if (code.startsWith("23")) {
            violation(code, fields, names, safe);
        }
        return safe;
    }

    /** Drivers and object mappers look for a violated constraint by these words of the server's. */
    private static void violation(
            String code, Map<Character, String> fields, Names names, Map<Character, String> safe) {
        String schema = fields.getOrDefault('s', "");
        String relation = fields.getOrDefault('t', "");
        String column = fields.getOrDefault('c', "");
        String constraint = fields.getOrDefault('n', "");
        if (code.equals("23502") && names.column(schema, relation, column)) {
            safe.put(
                    'M',
                    "null value in column \"" + column + "\" of relation \"" + relation
                            + "\" violates not-null constraint");
            safe.put('s', schema);
            safe.put('t', relation);
            safe.put('c', column);
            return;
        }
        Violation violation = names.constraint(schema, relation, constraint);
        String message = violation == null ? null : violation(code, violation, relation, constraint);
        if (message != null) {
            safe.put('M', message);
            safe.put('s', schema);
            safe.put('t', relation);
            safe.put('n', constraint);
        }
    }

    private static @Nullable String violation(String code, Violation violation, String relation, String constraint) {
        String name = '"' + constraint + '"';
        String table = '"' + relation + '"';
        if (violation == Violation.REFERENCED) {
            return code.equals("23503") || code.equals("23001")
                    ? "update or delete violates foreign key constraint " + name + " on table " + table
                    : null;
        }
        return switch (code) {
            case "23503" -> "insert or update on table " + table + " violates foreign key constraint " + name;
            case "23505" -> "duplicate key value violates unique constraint " + name;
            case "23514" -> "new row for relation " + table + " violates check constraint " + name;
            case "23P01" -> "conflicting key value violates exclusion constraint " + name;
            default -> null;
        };
    }
}
