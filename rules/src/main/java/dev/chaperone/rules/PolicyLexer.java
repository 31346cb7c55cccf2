package dev.chaperone.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Splits a policy file into tokens. Knows no escapes beyond {@code \" \\ \n \t} in texts: a backslash with a {@code u}
 * is code in Java wherever it stands, comments included, and invisible characters make a file read unlike it runs.
 */
final class PolicyLexer {
    private static final Set<String> PAIRS = Set.of("==", "!=", "<=", ">=", "&&", "||");
    private static final int MAX_TEXT = 1_000;

    private final String path;
    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int lineStart;

    private PolicyLexer(String path, String source) {
        this.path = path;
        this.source = source;
    }

    /** The file's tokens, the last of kind {@link Token.Kind#END}. */
    static List<Token> tokens(PolicySource source) throws Refusal {
        return new PolicyLexer(source.path(), source.text()).scan();
    }

    /** A file, or a rule of it, that is not a policy. */
    static final class Refusal extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Diagnostic diagnostic;

        Refusal(Diagnostic diagnostic) {
            super(diagnostic.message(), null, false, false);
            this.diagnostic = diagnostic;
        }

        Diagnostic diagnostic() {
            return diagnostic;
        }
    }

    private List<Token> scan() throws Refusal {
        if (source.length() > PolicySource.MAX_LENGTH) {
            throw refuse("file is longer than " + PolicySource.MAX_LENGTH + " characters", "split it");
        }
        if (source.startsWith("\uFEFF")) {
            at = 1;
        }
        while (at < source.length()) {
            char c = source.charAt(at);
            if (c == '\n') {
                newLine();
            } else if (c == ' ' || c == '\t' || c == '\r') {
                checkVisible(c);
                at++;
            } else if (source.startsWith("//", at)) {
                skipLine();
            } else if (source.startsWith("/*", at)) {
                skipBlock();
            } else if (c == '"') {
                text();
            } else if (c == '$' || isNameStart(c)) {
                name();
            } else if (isDigit(c)) {
                number();
            } else {
                symbol(c);
            }
        }
        tokens.add(new Token(Token.Kind.END, "", line, column(at)));
        return tokens;
    }

    private void newLine() {
        at++;
        line++;
        lineStart = at;
    }

    private void skipLine() throws Refusal {
        while (at < source.length() && source.charAt(at) != '\n') {
            checkCommentCharacter();
            at++;
        }
    }

    private void skipBlock() throws Refusal {
        Token start = new Token(Token.Kind.SYMBOL, "/*", line, column(at));
        at += 2;
        while (!source.startsWith("*/", at)) {
            if (at >= source.length()) {
                throw refuse(start, "comment does not end", "close it with `*/`");
            }
            checkCommentCharacter();
            if (source.charAt(at) == '\n') {
                newLine();
            } else {
                at++;
            }
        }
        at += 2;
    }

    private void checkCommentCharacter() throws Refusal {
        if (source.startsWith("\\u", at)) {
            throw refuse(
                    "a backslash followed by `u` is not allowed, not even in a comment", "write the character itself");
        }
        checkVisible(source.charAt(at));
    }

    private void checkVisible(char c) throws Refusal {
        // A lone carriage return ends a line for some readers and not for others.
        boolean blank = c == '\n' || c == '\t' || c == '\r' && source.startsWith("\r\n", at);
        if (!blank
                && (Character.isISOControl(c)
                        || Character.getType(c) == Character.FORMAT
                        || c == '\u2028'
                        || c == '\u2029')) {
            throw refuse(
                    String.format("invisible character U+%04X", (int) c),
                    "remove it: it makes a rule read unlike it runs");
        }
    }

    private void text() throws Refusal {
        Token start = new Token(Token.Kind.TEXT, "", line, column(at));
        StringBuilder value = new StringBuilder();
        at++;
        while (true) {
            if (at >= source.length() || source.charAt(at) == '\n') {
                throw refuse(start, "text literal does not end on its line", "close it with `\"`");
            }
            char c = source.charAt(at);
            checkVisible(c);
            if (c == '"') {
                break;
            }
            value.append(c == '\\' ? escape() : c);
            at++;
        }
        at++;
        if (value.length() > MAX_TEXT) {
            throw refuse(start, "text literal is longer than " + MAX_TEXT + " characters", "shorten it");
        }
        tokens.add(new Token(Token.Kind.TEXT, value.toString(), start.line(), start.column()));
    }

    private char escape() throws Refusal {
        at++;
        char c = at < source.length() ? source.charAt(at) : ' ';
        switch (c) {
            case '"':
            case '\\':
                return c;
            case 'n':
                return '\n';
            case 't':
                return '\t';
            default:
                throw refuse("unknown escape `\\" + c + "`", "the escapes are `\\\"`, `\\\\`, `\\n` and `\\t`");
        }
    }

    private void name() {
        int start = at;
        at++;
        while (at < source.length() && (isNameStart(source.charAt(at)) || isDigit(source.charAt(at)))) {
            at++;
        }
        Token.Kind kind = source.charAt(start) == '$' ? Token.Kind.VARIABLE : Token.Kind.WORD;
        add(kind, start);
    }

    private void number() throws Refusal {
        int start = at;
        while (at < source.length() && (isDigit(source.charAt(at)) || isNameStart(source.charAt(at)))) {
            at++;
        }
        String digits = source.substring(start, at);
        if (digits.length() > 18 || !digits.chars().allMatch(c -> isDigit((char) c))) {
            at = start;
            throw refuse("`" + digits + "` is not a number", "write whole numbers of at most 18 digits");
        }
        add(Token.Kind.NUMBER, start);
    }

    private void symbol(char c) throws Refusal {
        int start = at;
        if (c == '\'') {
            throw refuse("texts stand in double quotes", "replace `'` by `\"`");
        }
        if (c == '\\' || c < ' ' || c > '~') {
            throw refuse(String.format("unexpected character U+%04X", (int) c), "only texts and comments may hold it");
        }
        boolean pair = at + 1 < source.length() && PAIRS.contains(source.substring(at, at + 2));
        at += pair ? 2 : 1;
        add(Token.Kind.SYMBOL, start);
    }

    private void add(Token.Kind kind, int start) {
        tokens.add(new Token(kind, source.substring(start, at), line, column(start)));
    }

    private int column(int offset) {
        return offset - lineStart + 1;
    }

    private Refusal refuse(String message, String hint) {
        return refuse(new Token(Token.Kind.SYMBOL, "", line, column(at)), message, hint);
    }

    private Refusal refuse(Token place, String message, String hint) {
        return new Refusal(new Diagnostic(Severity.ERROR, path, place.line(), place.column(), message, hint));
    }

    private static boolean isNameStart(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
