package dev.chaperone.postgres;

import dev.chaperone.postgres.Meanings.Meaning;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.postgres.wire.RowDescription;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What an SQL EXECUTE means: what was prepared, by SQL or by the protocol, and what its arguments call.
 *
 * <pre>{@code
 * Describe the prepared statement, Flush     <- (its tree, if it has to be analysed anew), ParameterDescription, ...
 * Parse "SELECT (argument)::type, ..."       <- its tree, ParseComplete
 * }</pre>
 *
 * An argument goes through the cast to the parameter's type, whose function the second tree names.
 */
final class PreparedMeaning {

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;

    PreparedMeaning(Session session, UpstreamLink link, StatementFlow flow) {
        this.session = session;
        this.link = link;
        this.flow = flow;
    }

    /** @param failed called when the server finds an error, and the client has been told */
    void of(StatementDetail.Execute execute, Consumer<Meaning> then, Runnable failed) {
        Prepared prepared = session.names().statement(execute.name());
        if (prepared == null) {
            then.accept(Meaning.unknown("prepared statement `" + execute.name()
                    + "` is not one that this session has prepared, so that it is not known what it touches"));
        } else if (prepared.unsure()) {
            flow.again(execute.name(), prepared, () -> of(execute, then, failed), failed);
        } else {
            describe(execute.name(), prepared, () -> meaning(execute, prepared, then, failed), failed);
        }
    }

    /** Has the server look whether it has to analyse the statement anew: when it runs it, it would be too late. */
    private void describe(String name, Prepared prepared, Runnable described, Runnable failed) {
        link.takeTrees();
        link.ask(
                out -> {
                    FrontendWriter.describe(out, Target.STATEMENT, name);
                    FrontendWriter.flush(out);
                },
                "tTnE",
                "TnE",
                message -> {
                    switch (message.tag()) {
                        case 't' -> prepared.types(Prepared.parameterTypes(message.body()));
                        case 'E' -> {
                            session.parseError(Report.read(message.body()), Prepared.REWRITTEN);
                            failed.run();
                        }
                        default -> {
                            flow.takeTree(prepared);
                            if (message.tag() == 'T' && !prepared.delivers(RowDescription.read(message.body()))) {
                                // Its columns may be the same again one day.
                                prepared.unsure(true);
                                flow.refuse(GatewayError.otherColumns(), failed);
                            } else {
                                described.run();
                            }
                        }
                    }
                });
    }

    private void meaning(StatementDetail.Execute execute, Prepared prepared, Consumer<Meaning> then, Runnable failed) {
        Meanings.analysed(session, flow, prepared, meaning -> {
            Meaning named = new Meaning(
                    meaning.analysis(),
                    meaning.failure(),
                    meaning.source(),
                    prepared.statement().text(),
                    meaning.runs());
            if (meaning.analysis() == null || execute.arguments().stream().allMatch(PreparedMeaning::constant)) {
                then.accept(named);
            } else {
                arguments(execute, prepared, named, then, failed);
            }
        });
    }

    /** Numbers, strings and words such as NULL call nothing. */
    private static boolean constant(String argument) {
        return argument.matches("-?[0-9]{1,18}(\\.[0-9]{1,18})?|'[^'\\\\]*'|(?i:null|true|false)");
    }

    private void arguments(
            StatementDetail.Execute execute,
            Prepared prepared,
            Meaning meaning,
            Consumer<Meaning> then,
            Runnable failed) {
        List<String> casts = new ArrayList<>();
        List<Integer> types = prepared.types();
        for (int i = 0; i < execute.arguments().size(); i++) {
            String argument = "(" + execute.arguments().get(i) + "\n)";
            casts.add(
                    i < types.size()
                            ? argument + "::" + session.analyses().catalog().typeName(types.get(i))
                            : argument);
        }
        String text = "SELECT " + String.join(", ", casts);
        List<SqlStatement> statements = StatementSplitter.split(text);
        if (statements.size() != 1 || statements.get(0).statementClass() != StatementClass.QUERY) {
            then.accept(Meaning.unknown("the arguments of `execute` are not understood"));
            return;
        }
        Prepared asked = new Prepared(statements.get(0), Prepared.REWRITTEN, List.of());
        // The types' names are not in what the client has sent.
        flow.beforeParse()
                .check(
                        text,
                        () -> flow.parseOwn(
                                Meanings.INNER,
                                asked,
                                () -> Meanings.analysed(
                                        session, flow, asked, arguments -> then.accept(with(meaning, arguments))),
                                report -> {
                                    session.parseError(report, Prepared.REWRITTEN);
                                    failed.run();
                                }),
                        () -> flow.refuse(BeforeParse.RUNS_CODE, failed));
    }

    private static Meaning with(Meaning meaning, Meaning arguments) {
        QueryAnalysis called = arguments.analysis();
        if (called == null) {
            UnanalysableException failure = arguments.failure();
            return Meaning.unknown(
                    failure == null ? new UnanalysableException("arguments are not understood") : failure);
        }
        if (!called.relations().isEmpty()) {
            return Meaning.unknown("cannot use subquery in EXECUTE parameter");
        }
        return meaning.map(analysis -> analysis.calling(called.disallowedFunctions()));
    }
}
