package dev.chaperone.postgres.analysis;

import dev.chaperone.postgres.wire.Names;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's lexical rules (src/backend/parser/scan.l) with {@code standard_conforming_strings} on: exactly where tokens,
 * strings and comments start and end. Linear in the length of the text.
 */
final class SqlLexer {

    /** Kinds of token. */
    enum Kind {
        /** A keyword or an unquoted name. */
        WORD,
        /** A name in double quotes. */
        QUOTED,
        /** A string constant of any form. */
        STRING,
        NUMBER,
        /** {@code $1}. */
        PARAMETER,
        OPERATOR,
        /** A parenthesis, comma, semicolon, or any other character. */
        SYMBOL,
        END
    }

    private static final String OPERATOR_CHARACTERS = "~!@#^&|`?+-*/%<>=";
    private static final String BEYOND_SQL = "~!@#^&|`?%";

    private final String sql;
    private int position;
    private int start;
    private Kind kind = Kind.END;
    private boolean plain;

    SqlLexer(String sql) {
        this.sql = sql;
    }

    /** Reads the next token. */
    Kind next() {
        skipBlanks();
        start = position;
        plain = true;
        kind = position >= sql.length() ? Kind.END : scan(sql.charAt(position));
        return kind;
    }

    Kind kind() {
        return kind;
    }

    int start() {
        return start;
    }

    int end() {
        return position;
    }

    /** The character of a SYMBOL, 0 for any other token. */
    char symbol() {
        return kind == Kind.SYMBOL ? sql.charAt(start) : 0;
    }

    /** True when the token is this unquoted word, given in lower case. */
    boolean is(String word) {
        if (kind != Kind.WORD || position - start != word.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            if (fold(sql.charAt(start + i)) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** What the token stands for: a folded word or a name, both cut to what the server knows of them; a string without its quotes. Null when it has escapes. */
    @Nullable
    String value() {
        if (!plain) {
            return null;
        }
        return switch (kind) {
            case WORD -> Names.cut(Names.fold(sql.substring(start, position)));
            case QUOTED -> Names.cut(sql.substring(start + 1, position - 1).replace("\"\"", "\""));
            case STRING ->
                sql.charAt(start) == '$'
                        ? dollarBody()
                        : sql.substring(start + 1, position - 1).replace("''", "'");
            default -> sql.substring(start, position);
        };
    }

    private String dollarBody() {
        int tag = sql.indexOf('$', start + 1) + 1 - start;
        return sql.substring(start + tag, position - tag);
    }

    private Kind scan(char c) {
        if (isNameStart(c)) {
            return nameOrPrefixedString(c);
        }
        if (isDigit(c) || c == '.' && isDigit(at(position + 1))) {
            return number();
        }
        return switch (c) {
            case '\'' -> {
                position++;
                yield string(false);
            }
            case '"' -> {
                position++;
                yield quotedName();
            }
            case '$' -> dollar();
            default -> {
                if (OPERATOR_CHARACTERS.indexOf(c) >= 0) {
                    yield operator();
                }
                position++;
                yield Kind.SYMBOL;
            }
        };
    }

    private Kind nameOrPrefixedString(char c) {
        char next = at(position + 1);
        if (next == '\'' && "eEbBxXnN".indexOf(c) >= 0) {
            plain = false;
            position += 2;
            return string(c == 'e' || c == 'E');
        }
        if ((c == 'u' || c == 'U') && next == '&') {
            char quote = at(position + 2);
            if (quote == '\'' || quote == '"') {
                plain = false;
                position += 3;
                return quote == '"' ? quotedName() : string(false);
            }
        }
        while (isNamePart(at(position))) {
            position++;
        }
        return Kind.WORD;
    }

    /** After the opening quote. A string goes on after a line break and another quote, in the same form. */
    private Kind string(boolean escapes) {
        while (true) {
            char c = at(position);
            if (c == 0) {
                throw unterminated("quoted string");
            }
            position++;
            if (c == '\\' && escapes) {
                if (at(position) == 0) {
                    throw unterminated("quoted string");
                }
                position++;
            } else if (c == '\'') {
                if (at(position) == '\'') {
                    position++;
                    continue;
                }
                int next = continuation(position);
                if (next < 0) {
                    return Kind.STRING;
                }
                plain = false;
                position = next;
            }
        }
    }

    /** Where a string continues: after blanks and comments to the line's end, more of them, and a quote; else -1. */
    private int continuation(int from) {
        boolean newline = false;
        int at = from;
        while (true) {
            char c = at(at);
            if (c == '\n' || c == '\r') {
                newline = true;
                at++;
            } else if (isSpace(c)) {
                at++;
            } else if (c == '-' && at(at + 1) == '-') {
                while (at(at) != 0 && at(at) != '\n' && at(at) != '\r') {
                    at++;
                }
                if (at(at) == 0) {
                    return -1;
                }
            } else {
                return newline && c == '\'' ? at + 1 : -1;
            }
        }
    }

    private Kind quotedName() {
        while (true) {
            char c = at(position);
            if (c == 0) {
                throw unterminated("quoted name");
            }
            position++;
            if (c == '"') {
                if (at(position) != '"') {
                    return Kind.QUOTED;
                }
                position++;
            }
        }
    }

    private Kind dollar() {
        char next = at(position + 1);
        if (isDigit(next)) {
            position++;
            while (isDigit(at(position))) {
                position++;
            }
            return Kind.PARAMETER;
        }
        int end = position + 1;
        if (isNameStart(next)) {
            while (isNamePart(at(end)) && at(end) != '$') {
                end++;
            }
        }
        if (at(end) != '$') {
            position++;
            return Kind.SYMBOL;
        }
        String tag = sql.substring(position, end + 1);
        int close = sql.indexOf(tag, end + 1);
        if (close < 0) {
            throw unterminated("dollar-quoted string");
        }
        position = close + tag.length();
        return Kind.STRING;
    }

    /** Whether letters after a number start a name depends on the server's version: only where it makes no difference. */
    private Kind number() {
        boolean letters = false;
        boolean exponent = false;
        while (true) {
            char c = at(position);
            if (isDigit(c) || c == '.') {
                position++;
            } else if (!letters && !exponent && isExponent()) {
                exponent = true;
                position += 2;
            } else if (isNameStart(c)) {
                letters = true;
                position++;
            } else if ((c == '+' || c == '-')
                    && (at(position - 1) == 'e' || at(position - 1) == 'E')
                    && isDigit(at(position + 1))) {
                position++;
            } else {
                if (letters && (c == '\'' || c == '"' || c == '$' || c == '&')) {
                    throw new UnanalysableException(
                            "statement has letters directly after a number; put a space between");
                }
                return Kind.NUMBER;
            }
        }
    }

    /** An exponent after digits belongs to the number for every version, so that no name starts in it. */
    private boolean isExponent() {
        char sign = at(position + 1);
        return (at(position) == 'e' || at(position) == 'E')
                && isDigit(at(position - 1))
                && (isDigit(sign) || (sign == '+' || sign == '-') && isDigit(at(position + 2)));
    }

    private Kind operator() {
        while (OPERATOR_CHARACTERS.indexOf(at(position)) >= 0 && at(position) != 0) {
            char c = at(position);
            char next = at(position + 1);
            if (position > start && (c == '-' && next == '-' || c == '/' && next == '*')) {
                break;
            }
            position++;
        }
        trimSigns();
        return Kind.OPERATOR;
    }

    /**
     * An operator of several characters ends in a sign only if it has a character that SQL's own operators do not have. A row
     * of signs stays together here: taken one by one they would take quadratic time.
     */
    private void trimSigns() {
        if (at(start) == '+' || at(start) == '-') {
            return;
        }
        for (int i = start; i < position; i++) {
            if (BEYOND_SQL.indexOf(sql.charAt(i)) >= 0) {
                return;
            }
        }
        while (position > start + 1 && (at(position - 1) == '+' || at(position - 1) == '-')) {
            position--;
        }
    }

    private void skipBlanks() {
        while (true) {
            char c = at(position);
            if (isSpace(c)) {
                position++;
            } else if (c == '-' && at(position + 1) == '-') {
                while (position < sql.length() && at(position) != '\n' && at(position) != '\r') {
                    position++;
                }
            } else if (c == '/' && at(position + 1) == '*') {
                comment();
            } else {
                return;
            }
        }
    }

    private void comment() {
        int depth = 0;
        while (position < sql.length()) {
            char c = at(position);
            if (c == '/' && at(position + 1) == '*') {
                depth++;
                position += 2;
            } else if (c == '*' && at(position + 1) == '/') {
                depth--;
                position += 2;
                if (depth == 0) {
                    return;
                }
            } else {
                position++;
            }
        }
        throw unterminated("comment");
    }

    private static UnanalysableException unterminated(String what) {
        return new UnanalysableException("statement has a " + what + " that does not end");
    }

    /** The character, 0 past the end; the text itself holds none. */
    private char at(int index) {
        return index >= 0 && index < sql.length() ? sql.charAt(index) : 0;
    }

    private static char fold(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isNameStart(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80;
    }

    private static boolean isNamePart(char c) {
        return isNameStart(c) || isDigit(c) || c == '$';
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }
}
