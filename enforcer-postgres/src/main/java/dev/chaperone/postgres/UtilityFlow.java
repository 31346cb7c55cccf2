package dev.chaperone.postgres;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.Meanings.Meaning;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.TreeRelations;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.proto.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a statement gets to a portal that may run when what it touches is said by another one: the query inside of it, a
 * statement prepared before, a cursor declared before.
 *
 * <pre>{@code
 * EXPLAIN, CREATE TABLE AS, DECLARE     meaning of the query, decide, Parse the whole once more, Bind
 * EXECUTE                               meaning of what was prepared, decide, Bind
 * FETCH, MOVE                           meaning of the cursor's query, decide, Bind
 * LOCK                                  meaning of a query on the same relations, decide, Bind
 * PREPARE                               decide (it touches nothing), Bind; remember what it means once it has run
 * }</pre>
 *
 * The whole is parsed right after its query, in the same transaction and under the same search path: both mean the same.
 */
final class UtilityFlow {

    static final String OUTER = StatementFlow.RESERVED + "outer";

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final Decider decider;
    private final Meanings meanings;
    private final Opening opening;
    private final Prepared prepared;
    private final SqlStatement statement;

    UtilityFlow(Session session, UpstreamLink link, StatementFlow flow, Decider decider, Opening opening) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.decider = decider;
        this.meanings = new Meanings(session, link, flow);
        this.prepared = opening.prepared();
        this.statement = prepared.statement();
        this.opening = opening.then(portal -> {
            portal.runsWhile(session.names().same(statement));
            opening.opened().accept(portal);
        });
    }

    /** True when the statement is opened in this way. */
    static boolean opens(SqlStatement statement) {
        StatementDetail detail = statement.detail();
        return detail instanceof StatementDetail.Prepare
                || detail instanceof StatementDetail.Execute
                || detail instanceof StatementDetail.Deallocate
                || detail instanceof StatementDetail.Declare
                || detail instanceof StatementDetail.CursorUse
                || detail instanceof StatementDetail.Explain
                || detail instanceof StatementDetail.CreateAs
                || detail instanceof StatementDetail.Lock;
    }

    void open() {
        StatementDetail detail = statement.detail();
        GatewayError refusal = NameChecks.refusal(detail, session.names());
        if (refusal != null) {
            flow.refuse(refusal, opening.failed());
        } else if (detail instanceof StatementDetail.CursorUse use
                && !statement.operation().equals("close")) {
            fetch(Objects.requireNonNull(use.name()));
        } else if (detail instanceof StatementDetail.Lock lock) {
            lock(lock);
        } else if (detail instanceof StatementDetail.Prepare prepare) {
            plain(portal -> portal.effect(then -> new Preparing(session, link, flow, prepare, prepared).ran(then)));
        } else if (detail instanceof StatementDetail.CursorUse || detail instanceof StatementDetail.Deallocate) {
            plain(portal -> {});
        } else {
            meanings.of(statement, prepared.offset(), prepared.types(), this::decide, opening.failed());
        }
    }

    /** What touches nothing but the names of the session. */
    private void plain(Consumer<Portal> effect) {
        decider.decide(
                Subject.plain(statement, prepared.tree()),
                opening.parameters(),
                ruling -> flow.obey(ruling, () -> flow.restrict(opening.then(with(effect)), ruling), opening.failed()));
    }

    private Consumer<Portal> with(Consumer<Portal> effect) {
        return portal -> {
            effect.accept(portal);
            opening.opened().accept(portal);
        };
    }

    // ---- statements with another one inside ------------------------------------------------------------------------

    private void decide(Meaning meaning) {
        decider.decide(
                subject(meaning),
                opening.parameters(),
                ruling -> flow.obey(
                        statement.detail() instanceof StatementDetail.Execute execute
                                ? named(ruling, session.names().missingStatement(execute.name()))
                                : ruling,
                        then -> recheck(meaning, then),
                        () -> permitted(meaning, ruling),
                        opening.failed()));
    }

    /** Finds out once more what is meant, by the catalog as it is by now. */
    private void recheck(Meaning before, Consumer<Boolean> then) {
        if (before.analysis() == null) {
            then.accept(true); // it was not decided on by what it means
            return;
        }
        Runnable failed = () -> {
            session.running().aborted("");
            session.running().opening(null);
            opening.failed().run();
        };
        session.analyses()
                .catalog(System.nanoTime())
                .whenComplete((fresh, failure) -> session.inLoop(() -> {
                    if (failure != null) {
                        then.accept(false);
                    } else if (session.open()) {
                        meanings.of(
                                statement,
                                prepared.offset(),
                                prepared.types(),
                                now -> then.accept(before.same(now)),
                                failed);
                    }
                }));
    }

    private static Ruling named(Ruling ruling, @Nullable GatewayError missing) {
        return missing == null ? ruling : ruling.refusedAs(missing);
    }

    private Subject subject(Meaning meaning) {
        UnanalysableException failure = UtilityCheck.refusal(statement, prepared.tree());
        QueryAnalysis analysis = meaning.analysis();
        if (failure == null) {
            failure = meaning.failure();
        }
        if (failure != null || analysis == null) {
            return new Subject(statement, statement.actionClass(), null, failure, false, meaning.behind());
        }
        StatementDetail detail = statement.detail();
        boolean carrier = detail instanceof StatementDetail.Declare || detail instanceof StatementDetail.Execute;
        return new Subject(
                statement,
                actionClass(analysis),
                analysis,
                null,
                carrier && Subject.rewritable(analysis),
                meaning.behind());
    }

    private ActionClass actionClass(QueryAnalysis analysis) {
        StatementDetail detail = statement.detail();
        if (detail instanceof StatementDetail.CreateAs) {
            return statement.actionClass();
        }
        if (detail instanceof StatementDetail.Explain explain) {
            return explain.analyze() ? actionClass(explain, analysis) : ActionClass.ACTION_CLASS_READ;
        }
        return Subject.actionClass(analysis);
    }

    /** A plan that is run makes the table of CREATE TABLE AS. */
    private static ActionClass actionClass(StatementDetail.Explain explain, QueryAnalysis analysis) {
        SqlStatement inside = StatementSplitter.split(explain.body()).get(0);
        return inside.detail() instanceof StatementDetail.CreateAs
                ? inside.actionClass()
                : Subject.actionClass(analysis);
    }

    private void permitted(Meaning meaning, Ruling ruling) {
        Terms terms = Objects.requireNonNull(ruling.terms());
        StatementDetail detail = statement.detail();
        if (ruling.unanalysed()) {
            flow.restrict(opening, ruling);
        } else if (terms.atSource()) {
            flow.rewrite(
                    Objects.requireNonNull(meaning.source()),
                    ruling.of(Objects.requireNonNull(meaning.analysis())),
                    (source, narrower) -> rewritten(meaning, source, narrower),
                    opening.failed());
        } else if (detail instanceof StatementDetail.Execute) {
            flow.restrict(opening.then(running(meaning)), ruling);
        } else if (detail instanceof StatementDetail.Declare declare) {
            QueryAnalysis asked = Objects.requireNonNull(meaning.analysis());
            whole(
                    prepared.unparsed(),
                    meaning.source(),
                    ruling.of(asked.delivering(List.of())),
                    declaring(declare, meaning, null, Map.of()));
        } else {
            whole(prepared.unparsed(), meaning.source(), ruling, running(meaning));
        }
    }

    private Consumer<Portal> running(Meaning meaning) {
        return with(portal -> portal.runs(meaning.runs()));
    }

    /** The same with a query that works on masked values. */
    private void rewritten(Meaning meaning, Prepared source, Ruling narrower) {
        Terms terms = Objects.requireNonNull(narrower.terms());
        String text = statement.text();
        if (statement.detail() instanceof StatementDetail.Declare declare) {
            String before = text.substring(0, text.length() - declare.body().length());
            whole(
                    prepared.rewritten(before + source.statement().text()),
                    source,
                    narrower.of(Objects.requireNonNull(narrower.analysis()).delivering(List.of())),
                    declaring(declare, meaning, narrower.analysis(), terms.masks()));
        } else {
            // The arguments go to the rewritten statement in place of the one that was prepared.
            StatementDetail.Execute execute = (StatementDetail.Execute) Objects.requireNonNull(statement.detail());
            BooleanSupplier latest = flow.latestRewriting();
            String arguments =
                    execute.arguments().isEmpty() ? "" : " (" + String.join("\n, ", execute.arguments()) + "\n)";
            whole(prepared.rewritten("EXECUTE \"" + SourceRewrite.NAME + '"' + arguments), null, narrower, portal -> {
                portal.runsWhile(latest);
                opening.opened().accept(portal);
            });
        }
    }

    private static String tree(Prepared parsed) {
        return Objects.requireNonNullElse(parsed.tree(), "");
    }

    private void whole(Prepared outer, @Nullable Prepared source, Ruling ruling, Consumer<Portal> then) {
        flow.parseOwn(
                OUTER,
                outer,
                () -> {
                    UnanalysableException other = UtilityCheck.refusal(statement, outer.tree());
                    if (other == null && source != null && !TreeRelations.within(tree(outer), tree(source))) {
                        other = new UnanalysableException("the database takes another query for the one inside");
                    }
                    if (other != null) {
                        throw new EnforcementException(ErrorCode.UPSTREAM_MISMATCH, String.valueOf(other.getMessage()));
                    }
                    flow.restrict(opening.of(outer, OUTER).then(then), ruling);
                },
                report -> flow.fail(ruling, report, outer.sentAt(), opening.failed()));
    }

    // ---- cursors ---------------------------------------------------------------------------------------------------

    private Consumer<Portal> declaring(
            StatementDetail.Declare declare,
            Meaning meaning,
            @Nullable QueryAnalysis rewritten,
            Map<String, Terms.Masking> masks) {
        QueryAnalysis asked = Objects.requireNonNull(meaning.analysis());
        Cursor cursor = new Cursor(
                declare.body(),
                opening.parameters(),
                asked,
                rewritten == null ? asked : rewritten,
                masks,
                declare.binary(),
                declare.hold(),
                new Tally());
        return with(portal -> portal.effect(then -> {
            session.names().declared(declare.name(), cursor);
            then.run();
        }));
    }

    private void fetch(String name) {
        Cursor cursor = session.names().cursor(name);
        UnanalysableException failure = UtilityCheck.refusal(statement, prepared.tree());
        if (cursor == null && failure == null) {
            failure = new UnanalysableException("cursor `" + name
                    + "` is not one that this session has declared, so that it is not known what it reads");
        }
        if (cursor == null || failure != null) {
            decider.decide(
                    new Subject(statement, statement.actionClass(), null, failure, false, ""),
                    opening.parameters(),
                    ruling -> flow.obey(
                            named(ruling, session.names().missingCursor(name)),
                            () -> flow.restrict(opening, ruling),
                            opening.failed()));
            return;
        }
        use(cursor, (ruling, then) -> flow.restrict(opening.then(then), ruling));
    }

    /** A cursor that is run by messages is decided on as a FETCH from it would be. */
    static Opening fetching(String name, Consumer<Portal> opened, Runnable failed) {
        String text = "fetch from \"" + name.replace("\"", "\"\"") + '"';
        SqlStatement fetch = new SqlStatement(
                text, 0, text.length(), StatementClass.CURSOR, "fetch", new StatementDetail.CursorUse(name));
        Bind none = new Bind(name, "", List.of(), List.of(), List.of());
        Prepared prepared = new Prepared(fetch, Prepared.REWRITTEN, List.of());
        return new Opening(prepared, none, Asked.PLAINLY, () -> false, opened, failed);
    }

    /** Runs a cursor by messages. */
    void adopt(Cursor cursor) {
        use(cursor, (ruling, then) -> flow.adopt(opening.then(then), ruling));
    }

    private void use(Cursor cursor, BiConsumer<Ruling, Consumer<Portal>> open) {
        Subject subject = new Subject(
                statement,
                Subject.actionClass(cursor.asked()),
                cursor.asked(),
                null,
                cursor.rewritten(),
                cursor.query());
        // Nothing is bound to the use of a cursor; what was bound to its query is what its rows depend on.
        decider.decide(
                subject,
                cursor.parameters(),
                ruling -> flow.obey(ruling, () -> permitted(cursor, ruling, open), opening.failed()));
    }

    private void permitted(Cursor cursor, Ruling ruling, BiConsumer<Ruling, Consumer<Portal>> open) {
        try {
            cursor.require(Objects.requireNonNull(ruling.terms()));
        } catch (EnforcementException e) {
            flow.refuseDecided(ruling, GatewayError.of(e), opening.failed());
            return;
        }
        QueryAnalysis rows =
                statement.operation().equals("move") ? cursor.delivered().delivering(List.of()) : cursor.delivered();
        open.accept(ruling.of(rows), with(portal -> portal.tally(cursor.tally())));
    }

    // ---- locks -----------------------------------------------------------------------------------------------------

    private void lock(StatementDetail.Lock lock) {
        StringBuilder text = new StringBuilder("SELECT FROM ");
        for (int i = 0; i < lock.relations().size(); i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(lock.relations().get(i))
                    .append(" AS \"")
                    .append(i)
                    .append('"');
        }
        List<SqlStatement> query = StatementSplitter.split(text.toString());
        if (query.size() != 1 || query.get(0).statementClass() != StatementClass.QUERY) {
            decideLock(Meaning.unknown("what `lock` would touch is not understood"));
            return;
        }
        Consumer<Consumer<Meaning>> look =
                then -> meanings.of(query.get(0), Prepared.REWRITTEN, List.of(), then, opening.failed());
        if (lock.noWait() && session.transaction().inBlock()) {
            NoWait noWait = new NoWait(session, link, flow, lock, opening.failed());
            noWait.begin(() -> look.accept(meaning -> noWait.end(() -> decideLock(meaning))));
        } else {
            look.accept(this::decideLock);
        }
    }

    private void decideLock(Meaning meaning) {
        Meaning locking = meaning.map(QueryAnalysis::locking);
        UnanalysableException failure = UtilityCheck.refusal(statement, prepared.tree());
        // The server looks for the relations when it runs.
        BooleanSupplier unchanged = session.handles().unchanged();
        Opening whileUnchanged = opening.then(with(portal -> portal.runsWhile(unchanged)));
        decider.decide(
                new Subject(
                        statement,
                        statement.actionClass(),
                        failure == null ? locking.analysis() : null,
                        failure == null ? locking.failure() : failure,
                        false,
                        ""),
                opening.parameters(),
                ruling -> flow.obey(ruling, () -> flow.restrict(whileUnchanged, ruling), opening.failed()));
    }
}
