package dev.chaperone.postgres.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** COPY in its current grammar and the common parts of its older ones: null for any form that is not fully understood. */
final class CopyParser {

    private final String text;
    private final SqlLexer lexer;
    private final Map<String, String> options = new HashMap<>();
    private boolean binaryFirst;

    private CopyParser(String text) {
        this.text = text;
        lexer = new SqlLexer(text);
    }

    static StatementDetail.@Nullable Copy parse(String text) {
        return new CopyParser(text).parse();
    }

    private StatementDetail.@Nullable Copy parse() {
        lexer.next();
        lexer.next();
        if (lexer.is("binary")) {
            binaryFirst();
        }
        String query = null;
        String relation = null;
        List<String> columns = List.of();
        if (lexer.symbol() == '(') {
            query = parenthesised();
            if (query == null) {
                return null;
            }
        } else {
            relation = relation();
            if (relation == null) {
                return null;
            }
            if (lexer.symbol() == '(') {
                columns = columns();
            }
        }
        boolean from = lexer.is("from");
        if (columns == null || !from && !lexer.is("to") || from && query != null) {
            return null;
        }
        lexer.next();
        boolean client = lexer.is("stdin") || lexer.is("stdout");
        if (lexer.is("program")) {
            lexer.next();
        }
        if (!client && lexer.kind() != SqlLexer.Kind.STRING) {
            return null;
        }
        lexer.next();
        String tail = client ? tail() : "";
        if (!options()) {
            return null;
        }
        String where = null;
        if (from && lexer.is("where")) {
            lexer.next();
            where = text.substring(lexer.start());
        } else if (lexer.kind() != SqlLexer.Kind.END) {
            return null;
        }
        return new StatementDetail.Copy(from, relation, columns, query, client, tail, options, where);
    }

    /** COPY BINARY t, as before PostgreSQL 9.0; a table of that name is followed by anything but another name. */
    private void binaryFirst() {
        SqlLexer ahead = new SqlLexer(text.substring(lexer.end()));
        ahead.next();
        boolean named = ahead.kind() == SqlLexer.Kind.QUOTED
                || ahead.kind() == SqlLexer.Kind.WORD && !ahead.is("from") && !ahead.is("to");
        if (named) {
            binaryFirst = true;
            options.put("format", "binary");
            lexer.next();
        }
    }

    /** What follows STDOUT, in the form in which it can follow COPY (query) TO STDOUT, which has no BINARY before it. */
    private String tail() {
        String tail = text.substring(lexer.start());
        if (!binaryFirst) {
            return tail;
        }
        return "binary " + (lexer.is("with") ? text.substring(lexer.end()) : tail);
    }

    /** The text between a pair of parentheses; leaves the lexer after them. */
    private @Nullable String parenthesised() {
        int depth = 0;
        int from = lexer.end();
        while (lexer.kind() != SqlLexer.Kind.END) {
            depth += lexer.symbol() == '(' ? 1 : lexer.symbol() == ')' ? -1 : 0;
            if (depth == 0) {
                String inside = text.substring(from, lexer.start()).strip();
                lexer.next();
                return inside;
            }
            lexer.next();
        }
        return null;
    }

    private @Nullable String relation() {
        int from = lexer.start();
        int to = from;
        while (true) {
            if (lexer.kind() != SqlLexer.Kind.WORD && lexer.kind() != SqlLexer.Kind.QUOTED) {
                return null;
            }
            to = lexer.end();
            lexer.next();
            if (lexer.symbol() != '.') {
                return text.substring(from, to);
            }
            lexer.next();
        }
    }

    private @Nullable List<String> columns() {
        List<String> columns = new ArrayList<>();
        do {
            lexer.next();
            if (lexer.kind() != SqlLexer.Kind.WORD && lexer.kind() != SqlLexer.Kind.QUOTED) {
                return null;
            }
            columns.add(text.substring(lexer.start(), lexer.end()));
            lexer.next();
        } while (lexer.symbol() == ',');
        if (lexer.symbol() != ')') {
            return null;
        }
        lexer.next();
        return columns;
    }

    private boolean options() {
        if (lexer.is("with")) {
            lexer.next();
        }
        return lexer.symbol() == '(' ? listedOptions() : oldOptions();
    }

    private boolean listedOptions() {
        do {
            lexer.next();
            String name = lexer.kind() == SqlLexer.Kind.WORD ? lexer.value() : null;
            if (name == null) {
                return false;
            }
            lexer.next();
            String value = "true";
            if (lexer.symbol() == '(') {
                value = parenthesised();
            } else if (lexer.symbol() != ',' && lexer.symbol() != ')') {
                value = lexer.kind() == SqlLexer.Kind.STRING ? string() : lexer.value();
                lexer.next();
            }
            if (value == null || options.put(name, value) != null) {
                return false;
            }
        } while (lexer.symbol() == ',');
        if (lexer.symbol() != ')') {
            return false;
        }
        lexer.next();
        return true;
    }

    /** FORCE QUOTE, FORCE NOT NULL, FORCE NULL, with names of columns or an asterisk. */
    private boolean force() {
        String option = "force";
        while (lexer.is("quote") || lexer.is("not") || lexer.is("null")) {
            option += '_' + lexer.value();
            lexer.next();
        }
        List<String> names = new ArrayList<>();
        if (lexer.symbol() == '*') {
            names.add("*");
            lexer.next();
        } else {
            while (lexer.kind() == SqlLexer.Kind.WORD || lexer.kind() == SqlLexer.Kind.QUOTED) {
                names.add(text.substring(lexer.start(), lexer.end()));
                lexer.next();
                if (lexer.symbol() != ',') {
                    break;
                }
                lexer.next();
            }
        }
        return !names.isEmpty() && options.put(option, String.join(",", names)) == null;
    }

    /** Before PostgreSQL 9.0: flags, and words with a string. */
    private boolean oldOptions() {
        while (lexer.kind() == SqlLexer.Kind.WORD && !lexer.is("where")) {
            String name = String.valueOf(lexer.value());
            lexer.next();
            switch (name) {
                case "csv", "binary" -> options.put("format", name);
                case "freeze" -> options.put(name, "true");
                case "force" -> {
                    if (!force()) {
                        return false;
                    }
                }
                case "header" -> options.put(name, "true");
                case "delimiter", "null", "quote", "escape", "encoding" -> {
                    if (lexer.is("as")) {
                        lexer.next();
                    }
                    String value = lexer.kind() == SqlLexer.Kind.STRING ? string() : null;
                    if (value == null) {
                        return false;
                    }
                    options.put(name, value);
                    lexer.next();
                }
                default -> {
                    return false;
                }
            }
        }
        return true;
    }

    /** The value of the string at hand, which may be written with escapes ({@code E'\t'}); null for one that is not understood. */
    private @Nullable String string() {
        String value = lexer.value();
        String raw = text.substring(lexer.start(), lexer.end());
        boolean escaped = value == null
                && raw.length() >= 3
                && (raw.startsWith("E'") || raw.startsWith("e'"))
                && raw.endsWith("'");
        return escaped ? unescaped(raw.substring(2, raw.length() - 1)) : value;
    }

    private static @Nullable String unescaped(String inside) {
        StringBuilder value = new StringBuilder();
        for (int i = 0; i < inside.length(); i++) {
            char c = inside.charAt(i);
            if (c != '\\' && c != '\'') {
                value.append(c);
                continue;
            }
            char next = ++i < inside.length() ? inside.charAt(i) : 0;
            int known = c == '\\' ? "bfnrt\\'".indexOf(next) : "'".indexOf(next);
            if (known < 0) {
                return null;
            }
            value.append(c == '\'' ? next : "\b\f\n\r\t\\'".charAt(known));
        }
        return value.toString();
    }
}
