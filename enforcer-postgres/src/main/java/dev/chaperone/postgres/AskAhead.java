package dev.chaperone.postgres;

import dev.chaperone.postgres.UpstreamLink.Step;
import dev.chaperone.postgres.wire.FrontendWriter;
import io.netty.buffer.ByteBuf;

/**
 * Asks for a whole series at once: where a portal is run to its end and then comes Sync, all of it goes to the server in one
 * request, and the answers are taken one by one as if they had been asked for one by one:
 *
 * <pre>{@code
 * Bind, Describe, Execute, Sync     ->
 *                                   <-  (a tree), BindComplete, RowDescription
 *                    no other tree came, and the columns are the analysed ones
 *                                   <-  DataRow*, CommandComplete, ReadyForQuery
 * }</pre>
 *
 * So a statement runs before it is known that the server has not analysed it anew since it was decided on. What it delivers is
 * not looked at, let alone released, before that is known. This is done only where running it for nothing does no harm: for
 * permitted reads that call nothing but allowed functions, take no locks on rows, and are bound to nothing that is set up or
 * counted before they run.
 */
final class AskAhead {

    private AskAhead() {}

    /** True when a permitted statement may run before the server's last word on what it means is known. */
    static boolean possible(Ruling ruling) {
        Terms terms = ruling.terms();
        return ruling.analysis() != null
                && terms != null
                && !ruling.changes()
                && !ruling.session()
                && !ruling.unanalysed()
                && ruling.analysis().disallowedFunctions().isEmpty()
                && ruling.analysis().locks().isEmpty()
                && !terms.atSource()
                && !terms.readOnly()
                && terms.timeout() == null
                && !ruling.held()
                && !terms.limits().bound();
    }

    /** Writes what follows Bind and Describe. */
    static void write(ByteBuf out, String portal) {
        FrontendWriter.execute(out, portal, 0);
        FrontendWriter.sync(out);
    }

    /** What {@link #write} wrote has been sent. */
    static void asked(UpstreamLink link) {
        link.askedAhead(Step.EXECUTE, Step.SYNC);
    }
}
