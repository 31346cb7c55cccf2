package dev.chaperone.postgres.analysis;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A query's text as the server lexes it, with its plain literals told apart from the rest, so that queries which differ in
 * nothing but those can be known for one another. Which of them are values, and nothing else, is for the server's trees to
 * say: {@link LiteralProof}.
 *
 * @param text the statement, without its semicolon and what surrounds it
 * @param literals its plain literals in order
 * @param shape the text with a mark for each of the literals; no two texts that differ in more have the same
 */
public record Skeleton(String text, List<Literal> literals, String shape) {

    private static final int LONGEST = 4096;
    private static final int MOST_LITERALS = 64;

    private static final Pattern CLOCK = Pattern.compile("now|today|tomorrow|yesterday", Pattern.CASE_INSENSITIVE);

    /** Digits that fit into an {@code int4} whatever they are. */
    private static final int MOST_DIGITS = 9;

    /**
     * One plain literal: digits that are an {@code int4}, or a string in quotes without escapes.
     *
     * @param start where it starts in the text
     * @param end where it ends, exclusive
     * @param string whether it is a string
     */
    public record Literal(int start, int end, boolean string) {}

    public Skeleton {
        literals = List.copyOf(literals);
    }

    /**
     * Looks at a query string.
     *
     * @return null when it is longer than is worth it, is no single query, or does not lex
     */
    public static @Nullable Skeleton of(String sql) {
        if (sql.length() > LONGEST) {
            return null;
        }
        try {
            return read(sql);
        } catch (UnanalysableException e) {
            return null;
        }
    }

    /**
     * True when a literal may be read by the clock, as {@code timestamptz 'now'} is: the server takes the time when it analyses
     * the text, so that the text means something else each time.
     */
    public static boolean tellsTime(String sql) {
        try {
            SqlLexer lexer = new SqlLexer(sql);
            for (SqlLexer.Kind kind = lexer.next(); kind != SqlLexer.Kind.END; kind = lexer.next()) {
                if (kind == SqlLexer.Kind.STRING && tellsTime(lexer)) {
                    return true;
                }
            }
            return false;
        } catch (UnanalysableException e) {
            return true;
        }
    }

    private static boolean tellsTime(SqlLexer literal) {
        String value = literal.value();
        return value == null || CLOCK.matcher(value).find();
    }

    private static @Nullable Skeleton read(String sql) {
        SqlLexer lexer = new SqlLexer(sql);
        lexer.next();
        if (!lexer.is("select") && !lexer.is("with") && !lexer.is("values") && !lexer.is("table")) {
            return null;
        }
        int first = lexer.start();
        int end = first;
        List<Literal> literals = new ArrayList<>();
        StringBuilder shape = new StringBuilder(sql.length());
        int copied = first;
        while (lexer.kind() != SqlLexer.Kind.END && lexer.symbol() != ';') {
            if (lexer.kind() == SqlLexer.Kind.PARAMETER) {
                return null;
            }
            end = lexer.end();
            if (plain(sql, lexer)) {
                boolean string = lexer.kind() == SqlLexer.Kind.STRING;
                literals.add(new Literal(lexer.start() - first, end - first, string));
                // A text holds no zero byte.
                shape.append(sql, copied, lexer.start()).append('\0').append(string ? 's' : 'n');
                copied = end;
            }
            lexer.next();
        }
        if (lexer.symbol() == ';') {
            lexer.next();
        }
        if (lexer.kind() != SqlLexer.Kind.END || literals.size() > MOST_LITERALS || sql.indexOf(0) >= 0) {
            return null;
        }
        shape.append(sql, copied, end);
        return new Skeleton(sql.substring(first, end), literals, shape.toString());
    }

    private static boolean plain(String sql, SqlLexer lexer) {
        return switch (lexer.kind()) {
            case NUMBER -> digits(sql, lexer.start(), lexer.end());
            // A string that goes on in the next line is more than what stands between its first and its last quote.
            case STRING ->
                sql.charAt(lexer.start()) == '\''
                        && unquoted(sql, lexer.start(), lexer.end()).equals(lexer.value());
            default -> false;
        };
    }

    private static boolean digits(String sql, int start, int end) {
        if (end - start > MOST_DIGITS) {
            return false;
        }
        for (int i = start; i < end; i++) {
            if (sql.charAt(i) < '0' || sql.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /** The text with a parameter in the place of every literal but these. */
    public String parameterised(BitSet fixed) {
        StringBuilder parameterised = new StringBuilder(text.length());
        int copied = 0;
        int number = 0;
        for (int i = 0; i < literals.size(); i++) {
            if (!fixed.get(i)) {
                parameterised
                        .append(text, copied, literals.get(i).start())
                        .append('$')
                        .append(++number);
                copied = literals.get(i).end();
            }
        }
        return parameterised.append(text, copied, text.length()).toString();
    }

    /** What a literal stands for. */
    public String value(int index) {
        Literal literal = literals.get(index);
        return literal.string()
                ? unquoted(text, literal.start(), literal.end())
                : text.substring(literal.start(), literal.end());
    }

    private static String unquoted(String text, int start, int end) {
        return text.substring(start + 1, end - 1).replace("''", "'");
    }
}
