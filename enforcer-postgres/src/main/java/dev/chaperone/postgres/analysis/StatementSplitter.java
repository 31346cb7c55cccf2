package dev.chaperone.postgres.analysis;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a query string into its statements exactly as the server would, and says what each one is. A semicolon within
 * parentheses (CREATE RULE) or within BEGIN ATOMIC ... END (CREATE FUNCTION) does not end a statement.
 */
public final class StatementSplitter {

    private final String sql;
    private final SqlLexer lexer;
    private final List<SqlStatement> statements = new ArrayList<>();

    private StatementSplitter(String sql) {
        this.sql = sql;
        lexer = new SqlLexer(sql);
    }

    /**
     * Splits and classifies.
     *
     * @param sql a query string; {@code standard_conforming_strings} is on
     * @return the statements in order, without empty ones; a single empty statement when there is nothing else
     * @throws UnanalysableException when the text does not lex
     */
    public static List<SqlStatement> split(String sql) {
        if (sql.indexOf(0) >= 0) {
            throw new UnanalysableException("statement holds a zero byte");
        }
        return new StatementSplitter(sql).split();
    }

    private List<SqlStatement> split() {
        lexer.next();
        while (lexer.kind() != SqlLexer.Kind.END) {
            if (lexer.symbol() == ';') {
                lexer.next();
            } else {
                statement();
            }
        }
        if (statements.isEmpty()) {
            statements.add(new SqlStatement("", 0, 0, StatementClass.EMPTY, "", null));
        }
        return List.copyOf(statements);
    }

    private void statement() {
        int start = lexer.start();
        int end = start;
        int parentheses = 0;
        int bodies = 0;
        int words = 0;
        boolean create = false;
        boolean routine = false;
        boolean begun = false;
        boolean label = false;
        boolean starts = true;
        while (lexer.kind() != SqlLexer.Kind.END) {
            char symbol = lexer.symbol();
            if (symbol == ';' && parentheses == 0 && bodies == 0) {
                break;
            }
            if (starts) {
                words = 0;
                routine = false;
            }
            boolean body = false;
            if (symbol == '(') {
                parentheses++;
            } else if (symbol == ')') {
                parentheses = Math.max(0, parentheses - 1);
            } else if (lexer.kind() == SqlLexer.Kind.WORD) {
                if (words == 0) {
                    create = lexer.is("create");
                } else if (words < 4) {
                    routine |= create && (lexer.is("function") || lexer.is("procedure"));
                }
                words++;
                body = routine && begun && parentheses == 0 && lexer.is("atomic");
                if (body) {
                    bodies++;
                } else if (starts && bodies > 0 && lexer.is("end")) {
                    // Within a statement END is that of a CASE, or a name; where one could start, it ends the body.
                    bodies--;
                }
            }
            // After AS or a dot it is a name.
            begun = !label && lexer.is("begin");
            label = lexer.is("as") || symbol == '.';
            starts = body || symbol == ';' && parentheses == 0;
            end = lexer.end();
            lexer.next();
        }
        String text = sql.substring(start, end);
        statements.add(StatementClassifier.classify(text, start));
        if (lexer.kind() != SqlLexer.Kind.END) {
            lexer.next();
        }
    }
}
