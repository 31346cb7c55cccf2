package dev.chaperone.postgres.analysis;

import org.jspecify.annotations.Nullable;

/** Literals as composite types, arrays and ranges have them: their parts are converted while the statement is analysed. */
public final class PartLiterals {

    private PartLiterals() {}

    /** True when a text may hold one. */
    public static boolean in(String sql) {
        try {
            SqlLexer lexer = new SqlLexer(sql);
            for (SqlLexer.Kind kind = lexer.next(); kind != SqlLexer.Kind.END; kind = lexer.next()) {
                if (kind == SqlLexer.Kind.STRING && is(lexer.value())) {
                    return true;
                }
            }
            return false;
        } catch (UnanalysableException e) {
            return true;
        }
    }

    /** @param literal null when it is not known what it says */
    static boolean is(@Nullable String literal) {
        if (literal == null) {
            return true;
        }
        String inside = literal.stripLeading();
        return inside.startsWith("(") || inside.startsWith("{") || inside.startsWith("[");
    }
}
