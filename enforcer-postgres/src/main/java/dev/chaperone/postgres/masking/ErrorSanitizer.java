package dev.chaperone.postgres.masking;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Takes values out of ErrorResponse and NoticeResponse (PostgreSQL documentation, chapter "Error and Notice Message Fields").
 * A server's error text holds raw values: of the failed cast, the duplicate key, the raised exception.
 *
 * <p>Kept: severity, SQLSTATE, position in the statement. The message becomes one that depends on the SQLSTATE only. All other
 * fields (detail, hint, context, schema, table, column, constraint, internal query, source) are dropped, and so are fields
 * that are not known.
 */
public enum ErrorSanitizer {
    /** For principals that see everything as it is: passes every field. */
    RAW {
        @Override
        public Map<Character, String> sanitize(Map<Character, String> fields) {
            return fields;
        }
    },
    /** For every other principal. */
    MASKED {
        @Override
        public Map<Character, String> sanitize(Map<Character, String> fields) {
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
            return safe;
        }
    };

    private static final Set<String> SEVERITIES =
            Set.of("ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "DEBUG", "INFO", "LOG");
    private static final Pattern POSITION = Pattern.compile("[0-9]{1,10}");

    /**
     * The fields to send in place of the server's.
     *
     * @param fields the fields as received, by their type
     * @return a new map in the order to send them, or the argument itself when everything passes
     */
    public abstract Map<Character, String> sanitize(Map<Character, String> fields);
}
