package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Relation;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.UnanalysableException;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what statements mean that carry another one inside. The server analyses the inner one by itself, as a statement of
 * its own: in the tree of the outer one it stands, if at all, before views are expanded.
 *
 * <pre>{@code
 * EXPLAIN select ...                 Parse "select ...", Flush    <- its tree, ParseComplete
 * CREATE TABLE t AS select ...
 * DECLARE c CURSOR FOR select ...
 * EXECUTE p (...)                    see PreparedMeaning
 * }</pre>
 */
final class Meanings {

    static final String INNER = StatementFlow.RESERVED + "inner";

    /**
     * What a statement means, or why that is not known: one of the first two is set.
     *
     * @param analysis what it touches and delivers
     * @param failure why that is not known
     * @param source what is rewritten where it must work on masked values; null where nothing can be
     * @param behind the text of what was prepared before, where it runs that
     * @param runs what the statement that it runs says by itself; null where that is not known
     */
    record Meaning(
            @Nullable QueryAnalysis analysis,
            @Nullable UnanalysableException failure,
            @Nullable Prepared source,
            String behind,
            @Nullable QueryAnalysis runs) {

        static Meaning unknown(String why) {
            return unknown(new UnanalysableException(why));
        }

        static Meaning unknown(UnanalysableException why) {
            return new Meaning(null, why, null, "", null);
        }

        /** True when the other one says the same: nothing has come in between. */
        boolean same(Meaning other) {
            return analysis != null && analysis.equals(other.analysis) && Objects.equals(runs, other.runs);
        }

        Meaning map(UnaryOperator<QueryAnalysis> operator) {
            return analysis == null ? this : new Meaning(operator.apply(analysis), null, source, behind, runs);
        }
    }

    private final Session session;
    private final StatementFlow flow;
    private final PreparedMeaning prepared;

    Meanings(Session session, UpstreamLink link, StatementFlow flow) {
        this.session = session;
        this.flow = flow;
        this.prepared = new PreparedMeaning(session, link, flow);
    }

    /**
     * Finds out what a statement means.
     *
     * @param offset where it stands in what the client sent, in code points
     * @param types the parameter types that the client named
     * @param failed called when the server finds an error in it, and the client has been told
     */
    void of(SqlStatement statement, int offset, List<Integer> types, Consumer<Meaning> then, Runnable failed) {
        StatementDetail detail = statement.detail();
        if (detail instanceof StatementDetail.Execute execute) {
            prepared.of(execute, then, failed);
        } else if (detail instanceof StatementDetail.Explain explain) {
            Consumer<Meaning> explained = meaning -> then.accept(meaning.map(QueryAnalysis::explained));
            inner(statement, explain.body(), bodyAtEnd(statement, explain.body()), offset, types, explained, failed);
        } else if (detail instanceof StatementDetail.Declare declare) {
            inner(statement, declare.body(), bodyAtEnd(statement, declare.body()), offset, types, then, failed);
        } else if (detail instanceof StatementDetail.CreateAs create) {
            Relation target = target(create);
            Consumer<Meaning> stored = meaning -> then.accept(meaning.map(analysis -> analysis.storing(target)));
            inner(statement, create.body(), create.start(), offset, types, stored, failed);
        } else if (Subject.needsTree(statement)) {
            analyse(new Prepared(statement, offset, types), then, failed);
        } else {
            then.accept(Meaning.unknown("what `" + statement.operation() + "` would touch is not analysed"));
        }
    }

    private static int bodyAtEnd(SqlStatement statement, String body) {
        return statement.text().length() - body.length();
    }

    private void inner(
            SqlStatement statement,
            String body,
            int start,
            int offset,
            List<Integer> types,
            Consumer<Meaning> then,
            Runnable failed) {
        List<SqlStatement> inner = StatementSplitter.split(body);
        if (inner.size() != 1) {
            then.accept(Meaning.unknown("`" + statement.operation() + "` does not hold one statement"));
            return;
        }
        int before = statement.text().codePointCount(0, start)
                + body.codePointCount(0, inner.get(0).start());
        of(inner.get(0), offset < 0 ? offset : offset + before, types, then, failed);
    }

    /** What is created has no classification yet, unless the catalog knows its name. */
    private Relation target(StatementDetail.CreateAs create) {
        List<String> name = create.target();
        int last = name.size() - 1;
        String schema = create.temporary() ? "pg_temp" : last == 0 ? "" : name.get(last - 1);
        return Relation.newBuilder()
                .setDatabase(session.database())
                .setSchema(schema)
                .setName(name.get(last))
                .build();
    }

    private void analyse(Prepared inner, Consumer<Meaning> then, Runnable failed) {
        flow.parseOwn(INNER, inner, () -> analysed(session, flow, inner, then), report -> {
            session.parseError(report, inner.offset());
            failed.run();
        });
    }

    /** What the server's tree says of a statement. */
    static void analysed(Session session, StatementFlow flow, Prepared parsed, Consumer<Meaning> then) {
        String tree = parsed.tree();
        if (tree == null) {
            then.accept(Meaning.unknown("the database did not say what the statement would do"));
            return;
        }
        flow.analyse(tree)
                .whenComplete((result, impossible) -> session.inLoop(() -> {
                    UnanalysableException failure = result.failure();
                    then.accept(
                            failure == null
                                    ? new Meaning(result.analysis(), null, parsed, "", result.analysis())
                                    : Meaning.unknown(failure));
                }));
    }
}
