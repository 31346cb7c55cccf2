package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.HoldAnswer;
import dev.chaperone.enforcer.HoldRequest;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.masking.DataRowMasker;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.postgres.wire.BackendFragment;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One Execute of one portal: rows are masked, counted against the limits and handed to the outbox as they come.
 *
 * <p>Where a limit is set the server is asked for one row more than may be delivered, so that the limit needs no
 * cancellation: it stops by itself.
 */
final class PortalRun {

    /** Rows asked for at a time where bytes are limited: what is thrown away at most when the limit is met. */
    private static final int BATCH = 1000;

    private static final String SELECT = "SELECT ";

    /** A row takes its place in its event twice, as delivered and as original. */
    private static final int LONGEST_ROW = Recorder.MAX_EVENT / 2 - (64 << 10);

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final Portal portal;
    private final Terms terms;
    private final int clientLimit;
    private final Runnable done;
    private final Runnable failed;
    private final TimeLimit time;
    private final PortalOriginals originals;
    private final @Nullable CopyOut copyOut;
    private @Nullable CopyIn copyIn;
    private @Nullable ByteBuf assembled;
    private int clientRows;
    private boolean severalTurns;
    private @Nullable GatewayError exceeded;

    /**
     * @param clientLimit most rows that the client wants now; 0 for all
     * @param done called when the portal has ended or is suspended, and the client has been told
     * @param failed called when it has failed, and the client has been told
     */
    PortalRun(
            Session session,
            UpstreamLink link,
            StatementFlow flow,
            Portal portal,
            Terms terms,
            int clientLimit,
            Runnable done,
            Runnable failed) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.portal = portal;
        this.terms = terms;
        this.clientLimit = Math.max(clientLimit, 0);
        this.done = done;
        this.failed = failed;
        time = new TimeLimit(session, terms.timeout());
        originals = new PortalOriginals(session.outbox(), portal, terms.keepOriginals());
        Copying copying = portal.copying();
        copyOut = copying == null || copying.source() == null
                ? null
                : new CopyOut(session.outbox(), copying, LONGEST_ROW, originals);
    }

    void start() {
        time.start();
        session.running().running(portal);
        execute();
    }

    private void execute() {
        long batch = clientLimit == 0 ? Long.MAX_VALUE : clientLimit - clientRows;
        Limits limits = lifted() ? Limits.NONE : terms.limits();
        if (limits.maxRows() != Long.MAX_VALUE) {
            batch = Math.min(batch, limits.maxRows() - portal.tally().rows() + 1);
        }
        if (limits.maxBytes() != Long.MAX_VALUE) {
            batch = Math.min(batch, BATCH);
        }
        int rows = batch >= Integer.MAX_VALUE ? 0 : (int) Math.max(batch, 1);
        link.ask(
                UpstreamLink.Step.EXECUTE,
                out -> {
                    FrontendWriter.execute(out, portal.name(), rows);
                    FrontendWriter.flush(out);
                },
                answers(),
                "CsIE",
                this::answer,
                this::part);
    }

    private String answers() {
        if (portal.copying() == null) {
            return "DCsIE";
        }
        return copyOut == null ? "GCE" : "HdcCE";
    }

    private void answer(BackendMessage message) {
        char tag = message.tag();
        if (copyOut == null || tag != 'H' && tag != 'E') {
            requireSameMeaning();
        }
        if (tag != 'E') {
            portal.announce(session.outbox().buffer());
        }
        switch (tag) {
            case 'D' -> row(message);
            case 'H' -> required(copyOut).begin(message, link.takeTrees());
            case 'd' -> copied(required(copyOut), message);
            case 'c' -> copiedAll(required(copyOut), message);
            case 'G' -> copyIn(message);
            case 's' -> suspended();
            case 'E' -> error(Report.read(message.body()));
            default -> ended(message);
        }
    }

    /** What EXECUTE runs is analysed anew when it begins, if something that it names has changed since it was prepared. */
    private void requireSameMeaning() {
        QueryAnalysis decided = portal.runs();
        if (decided == null || !link.hasTrees()) {
            return;
        }
        for (String tree : link.takeTrees()) {
            if (!decided.equals(session.analyses().analyseNow(tree).analysis())) {
                throw new EnforcementException(
                        ErrorCode.UPSTREAM_MISMATCH, "the database analysed the statement anew while it ran");
            }
        }
    }

    private void row(BackendMessage message) {
        requireAnnounced();
        if (exceeds(message, message.length(), true)) {
            return;
        }
        Outbox outbox = session.outbox();
        try {
            outbox.countRow(write(message, outbox));
        } catch (EnforcementException e) {
            withhold(e);
            return;
        }
        portal.delivered(message.length());
        clientRows++;
        passed();
    }

    /** Ends the statement where a value must not be delivered. */
    private void withhold(EnforcementException reason) {
        if (reason.code() != ErrorCode.DETECTED) {
            throw reason;
        }
        exceeded = GatewayError.of(
                ErrorCode.DETECTED, String.valueOf(reason.getMessage()), "leave the column out, or choose other rows");
        if (copyOut != null) {
            session.running().cancel();
        }
    }

    private void passed() {
        session.outbox().cutIfFull();
        session.adjustReading();
    }

    private void requireAnnounced() {
        if (portal.description() == null) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_MISMATCH, "the database sent rows that it had not announced");
        }
    }

    /**
     * Whether data of that length goes over a limit, now or before. Where people are asked about that, the data is kept and
     * nothing more is read until they have decided.
     */
    private boolean exceeds(ByteBufHolder data, int length, boolean row) {
        if (exceeded != null) {
            return true;
        }
        Limits.Met met = lifted() ? null : terms.limits().met(portal.tally(), length, row);
        if (met == null) {
            return false;
        }
        HoldRequest people = portal.ruling().hold();
        if (met.holds() && people != null) {
            hold(met, people, data);
        } else {
            exceed(Refusals.beyond(met));
        }
        return true;
    }

    private boolean lifted() {
        HoldRequest people = portal.ruling().hold();
        return people != null && portal.tally().lifted(people.decision());
    }

    private void exceed(GatewayError error) {
        exceeded = error;
        if (copyOut != null) {
            // No limit of Execute stops a COPY.
            session.running().cancel();
        }
    }

    private void hold(Limits.Met met, HoldRequest people, ByteBufHolder data) {
        link.pause(data);
        time.pause();
        flow.hold(portal.ruling(), people.at(met.words()), portal.tally(), result -> {
            if (result.answer().granted()) {
                portal.tally().lift(people.decision());
                time.start();
            } else if (result.answer().outcome() == HoldAnswer.Outcome.WITHDRAWN) {
                // The server knows.
                exceeded = GatewayError.cancelled();
            } else {
                exceed(Refusals.beyond(met, result));
            }
            link.resume();
        });
    }

    /** A part of a row that is too long to come as a whole: it passes as it comes, unless something in it is masked. */
    private void part(BackendFragment fragment) {
        if (portal.mask() != null || copyOut != null && copyOut.masks()) {
            assemble(fragment);
            return;
        }
        requireSameMeaning();
        if (fragment.first()) {
            if (copyOut != null) {
                copyOut.requireBegun();
            } else {
                requireAnnounced();
                requireColumns(fragment.content(), fragment.content().readerIndex() + 5);
            }
            if (!exceeds(fragment, fragment.length(), true)) {
                portal.delivered(fragment.length());
                clientRows++;
            } else if (exceeded == null) {
                return;
            }
        }
        if (exceeded == null) {
            session.outbox().part(fragment);
            passed();
        }
    }

    private void assemble(BackendFragment fragment) {
        if (exceeded != null) {
            return;
        }
        if (fragment.length() > LONGEST_ROW) {
            exceeded = GatewayError.of(
                    ErrorCode.LIMIT_EXCEEDED,
                    "a row of " + fragment.length()
                            + " bytes holds columns that are masked or searched, and is longer than what can be ("
                            + LONGEST_ROW
                            + " bytes)",
                    "select less of it");
            if (copyOut != null) {
                session.running().cancel();
            }
            return;
        }
        if (assembled == null) {
            assembled = Unpooled.buffer(fragment.length());
        }
        assembled.writeBytes(
                fragment.content(),
                fragment.content().readerIndex(),
                fragment.content().readableBytes());
        if (fragment.last()) {
            BackendMessage whole = new BackendMessage(assembled);
            assembled = null;
            answer(whole);
        }
    }

    private void copied(CopyOut out, BackendMessage message) {
        boolean row = out.isRow(message);
        if (exceeds(message, message.length(), row)) {
            return;
        }
        try {
            out.data(message, row);
        } catch (EnforcementException e) {
            withhold(e);
            return;
        }
        portal.delivered(row ? 1 : 0, message.length());
        passed();
    }

    private void copiedAll(CopyOut out, BackendMessage message) {
        if (exceeded == null) {
            out.done(message);
        }
    }

    /** CopyInResponse: from now on the client's messages are data. */
    private void copyIn(BackendMessage message) {
        if (copyIn != null) {
            throw new EnforcementException(ErrorCode.UPSTREAM_MISMATCH, "the database asked for data twice");
        }
        CopyIn in = new CopyIn(link, portal.ruling().request(), session);
        copyIn = in;
        Outbox outbox = session.outbox();
        outbox.buffer().writeBytes(message.content(), message.content().readerIndex(), message.length());
        outbox.cut();
        session.copyIn(in);
    }

    private static CopyOut required(@Nullable CopyOut copyOut) {
        return Objects.requireNonNull(copyOut);
    }

    private int write(BackendMessage message, Outbox outbox) {
        RowMask mask = portal.mask();
        if (mask != null) {
            return DataRowMasker.mask(message.body(), mask, outbox.buffer(), outbox.row(), originals);
        }
        ByteBuf body = message.body();
        requireColumns(body, body.readerIndex());
        outbox.buffer().writeBytes(message.content(), message.content().readerIndex(), message.length());
        return 0;
    }

    private void requireColumns(ByteBuf row, int index) {
        if (row.writerIndex() < index + 2 || row.getUnsignedShort(index) != portal.columns()) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_MISMATCH, "the database sent a row with other columns than it had announced");
        }
    }

    private void suspended() {
        if (exceeded != null) {
            refuse(exceeded);
        } else if (clientLimit != 0 && clientRows >= clientLimit) {
            stop();
            BackendWriter.portalSuspended(session.outbox().buffer());
            done.run();
        } else {
            severalTurns = true;
            execute();
        }
    }

    private void ended(BackendMessage message) {
        if (exceeded != null) {
            refuse(exceeded);
            return;
        }
        stop();
        String tag = commandTag(message);
        if (severalTurns && tag.startsWith(SELECT)) {
            // The server counts the last turn only, and the client has asked once.
            tag = SELECT + clientRows;
            BackendWriter.commandComplete(session.outbox().buffer(), tag);
        } else {
            session.outbox()
                    .buffer()
                    .writeBytes(message.content(), message.content().readerIndex(), message.length());
        }
        session.running().completed(portal, Outcome.OUTCOME_SUCCEEDED, tag);
        done.run();
    }

    private void refuse(GatewayError error) {
        stop();
        session.running().completed(portal, Outcome.OUTCOME_REFUSED, error.sqlState());
        flow.refuse(error, failed);
    }

    private void error(Report report) {
        stop();
        link.takeTrees();
        if (exceeded != null) {
            session.transaction().fail();
            refuse(exceeded);
            return;
        }
        boolean timedOut = time.over();
        session.running()
                .completed(portal, timedOut ? Outcome.OUTCOME_ABORTED : Outcome.OUTCOME_FAILED, report.sqlState());
        if (timedOut && report.sqlState().equals("57014")) {
            session.transaction().fail();
            session.clientError(new GatewayError(
                            report.sqlState(),
                            ErrorCode.LIMIT_EXCEEDED,
                            "canceling statement: it took longer than the " + terms.timeout()
                                    + " that the policy gives it",
                            "",
                            "ask for less at a time")
                    .error());
        } else {
            session.upstreamError(report, portal.prepared().sentAt());
        }
        failed.run();
    }

    private void stop() {
        time.pause();
        session.running().running(null);
        if (copyIn != null) {
            session.copyIn(null);
        }
    }

    private static String commandTag(BackendMessage message) {
        ByteBuf body = message.body();
        return message.tag() == 'C' && body.readableBytes() > 1
                ? body.toString(body.readerIndex(), body.readableBytes() - 1, StandardCharsets.US_ASCII)
                : "";
    }
}
