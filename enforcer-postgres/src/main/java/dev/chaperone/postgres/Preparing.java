package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.RowDescription;
import java.util.List;

/**
 * What an SQL PREPARE leaves behind. The server analyses what is prepared when PREPARE runs, and prints the tree then: what is
 * prepared is known as well as if it had come in a Parse message. PostgreSQL 14 prints none: there it is prepared by such a message
 * before it is first executed.
 */
final class Preparing {

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final StatementDetail.Prepare prepare;
    private final Prepared outer;

    Preparing(Session session, UpstreamLink link, StatementFlow flow, StatementDetail.Prepare prepare, Prepared outer) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.prepare = prepare;
        this.outer = outer;
    }

    /** The statement has run. */
    void ran(Runnable then) {
        List<SqlStatement> body = StatementSplitter.split(prepare.body());
        SqlStatement statement = body.size() == 1 ? body.get(0) : outer.statement();
        Prepared inner = new Prepared(statement, Prepared.REWRITTEN, List.of());
        flow.takeTree(inner);
        link.ask(
                out -> {
                    FrontendWriter.describe(out, Target.STATEMENT, prepare.name());
                    FrontendWriter.flush(out);
                },
                "tTn",
                "Tn",
                message -> {
                    if (message.tag() == 't') {
                        inner.types(Prepared.parameterTypes(message.body()));
                        return;
                    }
                    if (message.tag() == 'T') {
                        inner.delivers(RowDescription.read(message.body()));
                    }
                    flow.takeTree(inner);
                    inner.unsure(inner.tree() == null);
                    session.names().prepared(prepare.name(), inner);
                    then.run();
                });
    }
}
