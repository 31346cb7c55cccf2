package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What holds for the reading of statements whatever the text is. */
final class StatementProperties {

    private StatementProperties() {}

    static void check(String sql) {
        List<SqlStatement> statements = split(sql);
        if (statements == null) {
            return;
        }
        int end = 0;
        for (SqlStatement statement : statements) {
            assertThat(statement.start()).isGreaterThanOrEqualTo(end);
            end = statement.end();
            assertThat(statement.text()).isEqualTo(sql.substring(statement.start(), end));
            sentIsWhatWasRead(statement);
        }
        blanksDoNotMatter(sql, statements);
    }

    private static @Nullable List<SqlStatement> split(String sql) {
        try {
            return StatementSplitter.split(sql);
        } catch (UnanalysableException e) {
            return null;
        }
    }

    /** The database is given the statement's text alone: it must mean there what it was taken for here. */
    private static void sentIsWhatWasRead(SqlStatement statement) {
        List<SqlStatement> again = StatementSplitter.split(statement.text());
        assertThat(again)
                .containsExactly(new SqlStatement(
                        statement.text(),
                        0,
                        statement.text().length(),
                        statement.statementClass(),
                        statement.operation(),
                        statement.detail()));
    }

    private static void blanksDoNotMatter(String sql, List<SqlStatement> statements) {
        StringBuilder joined = new StringBuilder();
        SqlLexer lexer = new SqlLexer(sql);
        int end = 0;
        int tokens = 0;
        while (lexer.next() != SqlLexer.Kind.END) {
            assertThat(lexer.start()).isGreaterThanOrEqualTo(end);
            assertThat(lexer.end()).isGreaterThan(lexer.start());
            assertThat(new SqlLexer(sql.substring(end, lexer.start())).next()).isEqualTo(SqlLexer.Kind.END);
            joined.append(lexer.start() > end ? " " : "").append(sql, lexer.start(), lexer.end());
            end = lexer.end();
            lexer.value();
            tokens++;
        }
        assertThat(tokens).isLessThanOrEqualTo(sql.length());
        List<SqlStatement> again = StatementSplitter.split(joined.toString());
        assertThat(again).hasSameSizeAs(statements);
        for (int i = 0; i < statements.size(); i++) {
            assertThat(again.get(i).statementClass())
                    .isEqualTo(statements.get(i).statementClass());
            assertThat(again.get(i).operation()).isEqualTo(statements.get(i).operation());
            sameDetail(again.get(i).detail(), statements.get(i).detail());
        }
    }

    /** Parts that are kept verbatim differ by their blanks. */
    private static void sameDetail(@Nullable StatementDetail one, @Nullable StatementDetail other) {
        if (one instanceof StatementDetail.Setting
                || one instanceof StatementDetail.Deallocate
                || one instanceof StatementDetail.CursorUse
                || one instanceof StatementDetail.Discard) {
            assertThat(one).isEqualTo(other);
        } else {
            assertThat(one == null ? "" : one.getClass()).isEqualTo(other == null ? "" : other.getClass());
        }
        if (one instanceof StatementDetail.Explain explain && other instanceof StatementDetail.Explain same) {
            assertThat(explain.analyze()).isEqualTo(same.analyze());
        }
        if (one instanceof StatementDetail.Copy copy && other instanceof StatementDetail.Copy same) {
            assertThat(copy.from()).isEqualTo(same.from());
            assertThat(copy.client()).isEqualTo(same.client());
        }
    }

    /** Rewriting changes nothing but relations, and never how many statements there are. */
    static void rewriting(String sql, List<MaskedSource> sources) {
        List<SqlStatement> statements = split(sql);
        if (statements == null || statements.size() != 1) {
            return;
        }
        String text = statements.get(0).text();
        assertThat(SourceRewriter.rewrite(text, List.of())).isEqualTo(text);
        String rewritten = SourceRewriter.rewrite(text, sources);
        List<SqlStatement> again = StatementSplitter.split(rewritten);
        assertThat(again).hasSize(1);
        if (!rewritten.equals(text)) {
            assertThat(again.get(0).statementClass())
                    .isEqualTo(statements.get(0).statementClass());
        }
    }
}
