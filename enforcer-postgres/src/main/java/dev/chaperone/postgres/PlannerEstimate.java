package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How many rows the server's planner expects of a statement that is to be decided on. Asked for only where the policy reads it,
 * and never told to the client: it tells of values.
 *
 * <pre>{@code
 * Parse "explain (format json) ...", Bind with the statement's own parameters, Execute, Flush
 *                                        <- ParseComplete, BindComplete, DataRow*, CommandComplete
 * }</pre>
 *
 * Planning evaluates functions of constants, so only statements are planned that call nothing but what is on the allow-list.
 */
final class PlannerEstimate {

    /** In the place of an estimate that there is none. */
    static final long UNKNOWN = -1;

    static final String NAME = StatementFlow.RESERVED + "estimate";

    /** The first is that of the whole plan. */
    private static final Pattern ROWS = Pattern.compile("\"Plan Rows\": ([0-9]{1,18})");

    private final Session session;
    private final UpstreamLink link;
    private final Opening opening;
    private @Nullable Report failure;

    PlannerEstimate(Session session, UpstreamLink link, Opening opening) {
        this.session = session;
        this.link = link;
        this.opening = opening;
    }

    /** True when the server may be asked what it expects of the statement. */
    boolean possible(@Nullable QueryAnalysis analysis) {
        StatementClass kind = opening.prepared().statement().statementClass();
        return analysis != null
                && (kind == StatementClass.QUERY || kind == StatementClass.DML)
                && analysis.disallowedFunctions().isEmpty()
                && session.transaction().good()
                && !session.transaction().cancelled();
    }

    /** Why the server would not plan it; null when it did, or was not asked. */
    @Nullable
    Report failure() {
        return failure;
    }

    /** Asks; gives {@link #UNKNOWN} where there is no estimate. */
    void ask(LongConsumer then) {
        Prepared prepared = opening.prepared();
        Bind own = opening.bind();
        StringBuilder plan = new StringBuilder();
        link.takeTrees();
        session.quiet(true);
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.PORTAL, NAME);
                    FrontendWriter.close(out, Target.STATEMENT, NAME);
                    FrontendWriter.parse(
                            out,
                            NAME,
                            "explain (format json) " + prepared.statement().text(),
                            prepared.types());
                    FrontendWriter.bind(out, new Bind(NAME, NAME, own.parameterFormats(), own.parameters(), List.of()));
                    FrontendWriter.execute(out, NAME, 0);
                    FrontendWriter.flush(out);
                },
                "312DCE",
                "CE",
                message -> {
                    switch (message.tag()) {
                        case 'D' -> read(message, plan);
                        case 'E' -> {
                            failure = Report.read(message.body());
                            done(UNKNOWN, then);
                        }
                        case 'C' -> {
                            Matcher rows = ROWS.matcher(plan);
                            done(rows.find() ? Long.parseLong(rows.group(1)) : UNKNOWN, then);
                        }
                        default -> {}
                    }
                });
    }

    private static void read(BackendMessage message, StringBuilder plan) {
        int start = message.body().readerIndex() + Short.BYTES + Integer.BYTES;
        plan.append(message.body().toString(start, message.body().writerIndex() - start, StandardCharsets.UTF_8));
    }

    private void done(long rows, LongConsumer then) {
        link.takeTrees();
        session.quiet(false);
        then.accept(rows);
    }
}
