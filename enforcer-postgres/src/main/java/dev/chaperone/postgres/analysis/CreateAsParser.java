package dev.chaperone.postgres.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * CREATE TABLE AS, SELECT INTO and CREATE MATERIALIZED VIEW: what they create, and the query that they run. Null for any form
 * that is not fully understood.
 */
final class CreateAsParser {

    private static final Set<String> PERSISTENCE = Set.of("local", "global", "temp", "temporary", "unlogged");

    private final String text;
    private final SqlLexer lexer;
    private boolean temporary;

    private CreateAsParser(String text) {
        this.text = text;
        lexer = new SqlLexer(text);
        lexer.next();
    }

    /** CREATE TABLE AS and CREATE MATERIALIZED VIEW; null for a CREATE TABLE without a query, too. */
    static StatementDetail.@Nullable CreateAs create(String text) {
        return new CreateAsParser(text).create();
    }

    /** SELECT INTO, of which it is known that it has the word. */
    static StatementDetail.@Nullable CreateAs selectInto(String text, int into) {
        return new CreateAsParser(text).selectInto(into);
    }

    private StatementDetail.@Nullable CreateAs create() {
        lexer.next();
        persistence();
        if (lexer.is("materialized")) {
            lexer.next();
            if (!lexer.is("view")) {
                return null;
            }
        } else if (!lexer.is("table")) {
            return null;
        }
        lexer.next();
        if (lexer.is("if")) {
            lexer.next();
            lexer.next();
            lexer.next();
        }
        List<String> target = name();
        if (target == null) {
            return null;
        }
        int depth = 0;
        while (lexer.kind() != SqlLexer.Kind.END) {
            char symbol = lexer.symbol();
            if (depth == 0 && lexer.is("as")) {
                lexer.next();
                return body(target);
            }
            depth += symbol == '(' ? 1 : symbol == ')' ? -1 : 0;
            lexer.next();
        }
        return null;
    }

    /** The query ends before WITH DATA and WITH NO DATA, with which no query can end. */
    private StatementDetail.@Nullable CreateAs body(List<String> target) {
        int start = lexer.start();
        String[] words = {"", "", ""};
        int[] ends = {start, start, start, start};
        while (lexer.kind() != SqlLexer.Kind.END) {
            System.arraycopy(words, 0, words, 1, 2);
            System.arraycopy(ends, 0, ends, 1, 3);
            words[0] = word();
            ends[0] = lexer.end();
            lexer.next();
        }
        int end = ends[0];
        if (words[0].equals("data") && words[1].equals("with")) {
            end = ends[2];
        } else if (words[0].equals("data") && words[1].equals("no") && words[2].equals("with")) {
            end = ends[3];
        }
        return end <= start ? null : new StatementDetail.CreateAs(target, temporary, text.substring(start, end), start);
    }

    private StatementDetail.@Nullable CreateAs selectInto(int into) {
        while (lexer.start() != into) {
            lexer.next();
        }
        lexer.next();
        persistence();
        if (lexer.is("table")) {
            lexer.next();
        }
        List<String> target = name();
        if (target == null) {
            return null;
        }
        // Blanks in its place: what stands behind it keeps its position.
        int end = lexer.kind() == SqlLexer.Kind.END ? text.length() : lexer.start();
        String body = text.substring(0, into) + " ".repeat(text.codePointCount(into, end)) + text.substring(end);
        return new StatementDetail.CreateAs(target, temporary, body, 0);
    }

    private void persistence() {
        while (PERSISTENCE.contains(word())) {
            temporary |= lexer.is("temp") || lexer.is("temporary");
            lexer.next();
        }
    }

    private @Nullable List<String> name() {
        List<String> parts = new ArrayList<>();
        while (true) {
            String part = StatementClassifier.nameOf(lexer);
            if (part == null) {
                return null;
            }
            parts.add(part);
            lexer.next();
            if (lexer.symbol() != '.') {
                return parts;
            }
            lexer.next();
        }
    }

    private String word() {
        String word = lexer.kind() == SqlLexer.Kind.WORD ? lexer.value() : null;
        return word == null ? "" : word;
    }
}
