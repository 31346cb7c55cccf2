package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage.FunctionCall;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Calls of functions by message (chapter "Function Call"), as clients make them for large objects. Such a call is decided on by
 * the name of the function; what it delivers is one value, which nothing masks.
 *
 * <pre>{@code
 * FunctionCall  ->  name of the function, decide, record
 *                   FunctionCall                          ->
 *               <-  FunctionCallResponse, ReadyForQuery   <-
 * }</pre>
 */
final class FunctionCalls {

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final Decider decider;

    FunctionCalls(Session session, UpstreamLink link, StatementFlow flow, Decider decider) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.decider = decider;
    }

    /** Carries out one call; ends with ReadyForQuery in any case. */
    void call(FunctionCall call) {
        session.analyses()
                .functionName(call.function())
                .whenComplete((name, impossible) -> session.inLoop(() -> decide(call, name)));
    }

    private void decide(FunctionCall call, @Nullable String name) {
        decider.decide(
                subject(call, name),
                ExtendedQuery.parameters(call.argumentFormats(), call.arguments(), List.of()),
                ruling -> flow.obey(
                        ruling,
                        () -> permitted(call, ruling),
                        () -> session.transaction().sync()));
    }

    /** In the record, the call is the query that would do the same. */
    private static Subject subject(FunctionCall call, @Nullable String name) {
        StringBuilder text = new StringBuilder("select ")
                .append(name == null ? "oid " + Integer.toUnsignedString(call.function()) : name)
                .append('(');
        for (int i = 1; i <= call.arguments().size(); i++) {
            text.append(i == 1 ? "$" : ", $").append(i);
        }
        text.append(')');
        SqlStatement statement =
                new SqlStatement(text.toString(), 0, text.length(), StatementClass.ADMIN, "function call", null);
        if (name == null) {
            UnanalysableException failure = new UnanalysableException("function with oid `"
                    + Integer.toUnsignedString(call.function()) + "` is not in the catalog as last read");
            return new Subject(statement, ActionClass.ACTION_CLASS_INVOKE, null, failure, false, "");
        }
        QueryAnalysis analysis = new QueryAnalysis(
                QueryAnalysis.Command.SELECT,
                List.of(),
                List.of(name),
                List.of(),
                List.of(),
                List.of(),
                false,
                false,
                false,
                Set.of());
        return new Subject(statement, ActionClass.ACTION_CLASS_INVOKE, analysis, null, false, "");
    }

    private void permitted(FunctionCall call, Ruling ruling) {
        Terms terms = Objects.requireNonNull(ruling.terms());
        if (terms.readOnly()) {
            flow.refuseDecided(
                    ruling,
                    GatewayError.of(
                            ErrorCode.OBLIGATION_UNFULFILLABLE,
                            "the policy lets this session read only, and functions called by message may write",
                            "call the function by SELECT"),
                    () -> session.transaction().sync());
            return;
        }
        new Running(ruling, terms).start(call);
    }

    /** One call that is permitted. */
    private final class Running {
        private final Ruling ruling;
        private final Terms terms;
        private final long began = System.nanoTime();
        private @Nullable ScheduledFuture<?> timer;
        private boolean answered;
        private long bytes;

        Running(Ruling ruling, Terms terms) {
            this.ruling = ruling;
            this.terms = terms;
        }

        void start(FunctionCall call) {
            Duration timeout = terms.timeout();
            if (timeout != null) {
                timer = session.schedule(() -> session.running().cancel(), timeout);
            }
            // It may change what statements mean.
            session.handles().doubt();
            link.ask(out -> FrontendWriter.functionCall(out, call), "VEZ", "Z", this::answer);
        }

        private void answer(BackendMessage message) {
            switch (message.tag()) {
                case 'V' -> value(message);
                case 'E' -> {
                    Report report = Report.read(message.body());
                    complete(Outcome.OUTCOME_FAILED, report.sqlState());
                    session.upstreamError(report, Prepared.REWRITTEN);
                }
                default -> {
                    if (!answered) {
                        throw new EnforcementException(
                                ErrorCode.UPSTREAM_MISMATCH, "the database did not answer a function call");
                    }
                    session.transaction().ready(message, session::next);
                }
            }
        }

        private void value(BackendMessage message) {
            if (message.length() > terms.limits().maxBytes()) {
                GatewayError error = GatewayError.of(
                        ErrorCode.LIMIT_EXCEEDED,
                        "the policy lets this call deliver at most "
                                + terms.limits().maxBytes() + " bytes, and it is more",
                        "read less at a time");
                complete(Outcome.OUTCOME_REFUSED, error.sqlState());
                session.clientError(error.error());
                return;
            }
            Outbox outbox = session.outbox();
            outbox.buffer().writeBytes(message.content(), message.content().readerIndex(), message.length());
            outbox.countRow(0);
            bytes = message.length();
            complete(Outcome.OUTCOME_SUCCEEDED, "");
        }

        private void complete(Outcome outcome, String code) {
            if (answered) {
                throw new EnforcementException(
                        ErrorCode.UPSTREAM_MISMATCH, "the database answered a function call twice");
            }
            answered = true;
            session.running().opening(null);
            if (timer != null) {
                timer.cancel(false);
            }
            session.outbox()
                    .complete(Outbox.completion(
                            ruling.request(),
                            outcome,
                            code,
                            outcome == Outcome.OUTCOME_SUCCEEDED ? 1 : 0,
                            bytes,
                            began));
        }
    }
}
