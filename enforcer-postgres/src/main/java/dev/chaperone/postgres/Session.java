package dev.chaperone.postgres;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.CancelKey;
import dev.chaperone.postgres.wire.FrontendMessage;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.ProtocolException;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's session, from the first query to the end (chapter "Message Flow"). Everything in it runs on one event loop,
 * which both of its connections share. What the client sends waits in a queue and is carried out strictly in order, one
 * message at a time:
 *
 * <pre>{@code
 * client                        session                              database
 *   Query "a; b"  ->   split exactly, then for each statement
 *                        Parse, Flush                         ->
 *                                                             <-  LOG: rewritten parse tree
 *                                                             <-  ParseComplete
 *                        analyse, decide, record the decision
 *                        Bind, Describe, Flush                ->
 *                                                             <-  BindComplete, RowDescription
 *                        columns as analysed? no other tree?
 *                        Execute, Flush                       ->
 *                                                             <-  DataRow*, CommandComplete
 *                        mask, record, then
 *                 <-   RowDescription, DataRow*, CommandComplete
 *                        Sync                                 ->
 *                                                             <-  ReadyForQuery
 *                 <-   ReadyForQuery
 *
 *   Parse         ->   Parse, Flush                           ->
 *                 <-   ParseComplete                          <-  (the tree), ParseComplete
 *   Bind          ->   analyse, decide, record; Bind, Describe ->
 *                 <-   BindComplete                           <-  BindComplete, RowDescription
 *   Describe      ->   (known already)
 *                 <-   RowDescription
 *   Execute       ->   Execute, Flush                         ->
 *                 <-   DataRow*, CommandComplete              <-
 *   Sync          ->   Sync                                   ->
 *                 <-   ReadyForQuery                          <-
 * }</pre>
 *
 * After an error everything up to the next Sync is skipped, on both sides. Sync, which commits, goes to the database only
 * after everything before it has been checked. What goes to the client passes the {@link Outbox}.
 */
final class Session implements CopyIn.Events {

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    /** How long the record of a request waits for its answer, at most twice. */
    private static final Duration LATE = Duration.ofMillis(200);

    /** How far the session is. */
    private enum State {
        /** Messages are carried out. */
        OPEN,
        /** What has been said is still being recorded and sent; nothing else happens. */
        CLOSING,
        /** Over. */
        CLOSED
    }

    private final Services services;
    private final Caller caller;
    private final Channel client;
    private final UpstreamConnection upstream;
    private final CancelKey key;
    private final UpstreamLink link;
    private final Outbox outbox;
    private final Reports reports;
    private final Decider decider;
    private final StatementFlow flow;
    private final SessionNames names;
    private final Handles handles = new Handles();
    private final ClientMessages messages;
    private final Pins pins = new Pins();
    private final ExtendedQuery extended;
    private final ArrayDeque<FrontendMessage> queue = new ArrayDeque<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private State state = State.OPEN;
    private boolean busy;
    private boolean pumping;
    private boolean skipping;
    private boolean upstreamFailed;
    private boolean draining;
    private boolean schemaChanged;
    private boolean cancelled;
    private boolean ran;
    private boolean quiet;
    private char transactionStatus = 'I';
    private String cause = "client";
    private @Nullable Portal running;
    private @Nullable Ruling opening;
    private @Nullable CopyIn copyIn;
    private CompletableFuture<Void> lastCancellation = CompletableFuture.completedFuture(null);
    private @Nullable ScheduledFuture<?> idleTimer;
    private @Nullable ScheduledFuture<?> recordTimer;
    private long lastActive = System.nanoTime();

    /** A session over two connections; {@link #start} begins it. */
    Session(Services services, Caller caller, Decider decider, Channel client, UpstreamConnection upstream) {
        this.services = services;
        this.caller = caller;
        this.client = client;
        this.upstream = upstream;
        this.key =
                services.sessions().add(this, upstream.key(), caller.startup().version());
        this.link = new UpstreamLink(upstream.channel(), new SessionUpstream(this));
        this.outbox = new Outbox(client, caller.recorder(), this::recordingFailed, this::released);
        this.reports = new Reports(outbox, services.analyses()::catalog);
        this.decider = decider;
        this.flow = new StatementFlow(this, link, decider);
        this.messages = new ClientMessages(
                caller.startup().settings().getOrDefault(ClientMessages.SHADOW, ClientMessages.DEFAULT));
        this.names = new SessionNames(this, services.config().bounds().preparedStatements());
        this.extended = new ExtendedQuery(this, link, flow, names);
    }

    /** Tells the client that it is let in, and begins to read from both sides. */
    void start() {
        upstream.channel().pipeline().removeLast();
        upstream.channel().pipeline().addLast(link);
        ByteBuf out = client.alloc().buffer();
        BackendWriter.authenticationOk(out);
        upstream.parameters().forEach((name, value) -> BackendWriter.parameterStatus(out, name, value));
        BackendWriter.backendKeyData(out, key);
        BackendWriter.readyForQuery(out, 'I');
        client.writeAndFlush(out, client.voidPromise());
        link.read(true);
        Duration idle = services.config().bounds().idleTimeout();
        if (!idle.isZero()) {
            watchIdle(idle, idle.toNanos());
        }
    }

    // ---- what the client sends -------------------------------------------------------------------------------------

    /** Takes one message of the client. */
    void accept(FrontendMessage message) {
        if (state != State.OPEN) {
            return;
        }
        lastActive = System.nanoTime();
        queue.add(message);
        adjustClientReading();
    }

    /** Carries out what the client has sent; it comes in packets, and what is in one belongs together. */
    void acceptedAll() {
        if (state == State.OPEN) {
            pump();
            CopyIn data = copyIn;
            if (data != null) {
                data.cut();
            }
            adjustClientReading();
        }
    }

    /** The client is gone, or its connection failed. */
    void clientGone() {
        end("client", null);
    }

    /** The client broke the protocol. */
    void clientFailed(Throwable failure) {
        ErrorCode code = failure instanceof ProtocolException ? ErrorCode.PROTOCOL_VIOLATION : ErrorCode.INTERNAL;
        String message = failure instanceof ProtocolException ? failure.getMessage() : "the client's connection failed";
        GatewayError error = GatewayError.of(code, String.valueOf(message));
        LOG.info("session {} ends: {}", caller.recorder().sessionId(), error.logged());
        end("error", error);
    }

    private void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        try {
            while (state == State.OPEN && !queue.isEmpty()) {
                CopyIn data = copyIn;
                if (data != null && !data.ended()) {
                    copying(data, queue.remove());
                } else if (busy) {
                    break;
                } else {
                    handle(queue.remove());
                }
            }
        } finally {
            pumping = false;
        }
    }

    private void copying(CopyIn data, FrontendMessage message) {
        lastActive = System.nanoTime();
        if (message.kind() == FrontendMessage.Kind.TERMINATE) {
            end("client", null);
            return;
        }
        try {
            data.accept(message);
        } catch (ProtocolException e) {
            clientFailed(e);
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    private void handle(FrontendMessage message) {
        if (message.kind() == FrontendMessage.Kind.TERMINATE) {
            end("client", null);
            return;
        }
        if (skipping && message.kind() != FrontendMessage.Kind.SYNC) {
            return;
        }
        if (caller.expired(Instant.now())) {
            end(
                    "error",
                    GatewayError.of(
                            ErrorCode.TOKEN_EXPIRED, "the token of this session has expired; connect with a new one"));
            return;
        }
        busy = true;
        try {
            dispatch(message);
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    private void dispatch(FrontendMessage message) {
        switch (message.kind()) {
            case QUERY -> new SimpleQuery(this, link, flow, ((FrontendMessage.Query) message).sql()).start();
            case PARSE -> extended.parse((FrontendMessage.Parse) message);
            case BIND -> extended.bind((FrontendMessage.Bind) message);
            case DESCRIBE -> extended.describe((FrontendMessage.Describe) message);
            case EXECUTE -> extended.execute((FrontendMessage.Execute) message);
            case CLOSE -> extended.close((FrontendMessage.Close) message);
            case SYNC -> sync();
            case FLUSH -> {
                outbox.cut();
                next();
            }
            case COPY_DATA, COPY_DONE, COPY_FAIL -> next(); // as the server does outside of COPY
            case FUNCTION_CALL ->
                new FunctionCalls(this, link, flow, decider).call((FrontendMessage.FunctionCall) message);
            case PASSWORD, TERMINATE -> throw new ProtocolException("unexpected message `p`");
        }
    }

    /** The message at hand is done; the next one may come. */
    void next() {
        busy = false;
        pump();
        adjustClientReading();
        if (!busy && queue.isEmpty()) {
            outbox.cutIfWorthIt();
        }
    }

    /** The message at hand has failed; the client knows, and everything up to its Sync is skipped. */
    void failedUntilSync() {
        skipping = true;
        outbox.cut();
        next();
    }

    /** Ends a series of messages: commits what is not in a transaction block, and asks how the transaction stands. */
    void sync() {
        sync(this::next);
    }

    /** The same, with something to be done before the next message. */
    void sync(Runnable then) {
        link.ask(UpstreamLink.Step.SYNC, FrontendWriter::sync, "EZ", "Z", message -> {
            if (message.tag() == 'E') {
                upstreamError(Report.read(message.body()), 0);
                return;
            }
            ready(message, then);
        });
    }

    /** The server says that the next request may come, and how the transaction stands. */
    void ready(BackendMessage message, Runnable then) {
        ByteBuf body = message.body();
        transactionStatus = body.isReadable() ? (char) body.readUnsignedByte() : 'I';
        skipping = false;
        upstreamFailed = false;
        cancelled = false;
        ran = false;
        if (transactionStatus == 'I') {
            reports.transactionEnded();
            names.transactionEnded();
            if (schemaChanged) {
                schemaChanged = false;
                analyses().schemaChanged();
            }
            messages.settled(link, () -> pins.settle(link, () -> readyForQuery(then)));
        } else {
            readyForQuery(then);
        }
    }

    private void readyForQuery(Runnable then) {
        BackendWriter.readyForQuery(outbox.buffer(), transactionStatus);
        outbox.cut();
        handles.ready(transactionStatus);
        if (draining) {
            end("shutdown", shutdown());
            return;
        }
        then.run();
    }

    /** A request has been decided on. */
    void decided(Ruling ruling) {
        outbox.request(ruling.request(), ruling.repeated());
        watchRecord();
    }

    /** Runs a portal. */
    void run(Portal portal, int maxRows, Runnable done, Runnable failed) {
        Terms terms = portal.ruling().terms();
        if (terms == null) {
            throw new IllegalStateException("a portal without permission");
        }
        if (cancelled && !portal.ruling().session()) {
            completed(portal, Outcome.OUTCOME_ABORTED, SqlState.of(ErrorCode.CANCELLED));
            flow.refuse(GatewayError.cancelled(), failed);
            return;
        }
        ran = true;
        outbox.request(portal.ruling().request());
        if (portal.ruling().unanalysed() && portal.prepared().statement().runsCode()) {
            names.unsure();
            pins.loosen();
        }
        schemaChanged |=
                portal.ruling().unanalysed() || portal.prepared().statement().changesSchema();
        new PortalRun(
                        this,
                        link,
                        flow,
                        portal,
                        terms,
                        maxRows,
                        () -> {
                            if (portal.mayChangeMeanings()) {
                                handles.doubt();
                            }
                            if (portal.completed()) {
                                SqlStatement statement = portal.prepared().statement();
                                names.ran(statement);
                                messages.ran(statement, link, () -> portal.ran(done));
                            } else {
                                done.run();
                            }
                        },
                        failed)
                .start();
    }

    /**
     * True when nothing has run since the last Sync, and the client has sent already that this portal is to run to its end,
     * and then the next Sync.
     */
    boolean seriesEnds(String portal) {
        if (ran || upstreamFailed) {
            return false;
        }
        boolean executed = false;
        for (FrontendMessage message : queue) {
            if (message instanceof FrontendMessage.Describe describe && !executed) {
                if (describe.target() != FrontendMessage.Target.PORTAL
                        || !describe.name().equals(portal)) {
                    return false;
                }
            } else if (message instanceof FrontendMessage.Execute execute && !executed) {
                if (!execute.portal().equals(portal) || execute.maxRows() > 0) {
                    return false;
                }
                executed = true;
            } else {
                return executed && message.kind() == FrontendMessage.Kind.SYNC;
            }
        }
        return false;
    }

    // ---- what happens to statements --------------------------------------------------------------------------------

    boolean open() {
        return state == State.OPEN;
    }

    /** True when it is a session with that database. */
    boolean uses(Upstream database) {
        return services.upstream() == database;
    }

    Reports reports() {
        return reports;
    }

    Outbox outbox() {
        return outbox;
    }

    Handles handles() {
        return handles;
    }

    /** True when a text may be taken for a statement that is prepared already: the server would accept the text, too. */
    boolean mayUseHandles() {
        return transactionStatus != 'E' && !upstreamFailed && !cancelled;
    }

    /** True outside of transaction blocks. */
    boolean idle() {
        return transactionStatus == 'I';
    }

    /** Whether notices are for the gateway itself. */
    void quiet(boolean on) {
        quiet = on;
    }

    Analyses analyses() {
        return services.analyses();
    }

    /** The settings that the gateway depends on. */
    Pins pins() {
        return pins;
    }

    /** True when what is asked of the server now is carried out: no error stands in its way. */
    boolean inGoodTransaction() {
        return !upstreamFailed && transactionStatus != 'E';
    }

    /** What policies and records call the database. */
    String database() {
        return services.upstream().name();
    }

    /** The prepared statements, portals and cursors of the session. */
    SessionNames names() {
        return names;
    }

    void forgetUnnamed() {
        names.forgetUnnamed();
    }

    boolean upstreamFailed() {
        return upstreamFailed;
    }

    void markUpstreamFailed() {
        upstreamFailed = true;
    }

    /** The portal whose Execute is going on, null when none is. */
    void running(@Nullable Portal portal) {
        running = portal;
    }

    /** The COPY that takes what the client sends from now on; null when none does any more. */
    void copyIn(@Nullable CopyIn data) {
        copyIn = data;
        if (data != null) {
            // Not now: its caller is in the middle of an answer of the database.
            client.eventLoop().execute(this::acceptedAll);
        }
        adjustClientReading();
    }

    @Override
    public CompletableFuture<Void> record(AuditEvent.Builder event) {
        return caller.recorder().record(event);
    }

    @Override
    public void roomChanged() {
        adjustClientReading();
    }

    /** The permitted statement that is being made ready to run; null when none is. */
    void opening(@Nullable Ruling ruling) {
        opening = ruling;
    }

    /** Records the end of a portal. */
    void completed(Portal portal, Outcome outcome, String code) {
        if (portal.completed()) {
            return;
        }
        portal.complete();
        Map<String, Long> found = portal.finds().byName();
        found.forEach((detector, times) -> services.meters()
                .counter(PostgresMetric.DETECTED, "detector", detector)
                .increment(times));
        AuditEvent.Builder completed = Outbox.completion(
                portal.ruling().request(), outcome, code, portal.rows(), portal.bytes(), portal.began());
        completed.getOperationCompletedBuilder().putAllDetected(found);
        outbox.complete(completed);
    }

    /** A portal goes away; if it has not run to its end, that is its end. */
    void abandoned(Portal portal) {
        completed(portal, Outcome.OUTCOME_ABORTED, "");
    }

    /** Passes on an error in parsing a statement. */
    void parseError(Report report, int offset) {
        reports.parsing(true);
        upstreamError(report, offset);
        reports.parsing(false);
    }

    /** Passes an error of the server on to the client. */
    void upstreamError(Report report, int offset) {
        upstreamFailed = true;
        clientError(reports.forClient(report, offset));
    }

    void clientError(Map<Character, String> fields) {
        BackendWriter.errorResponse(outbox.buffer(), fields);
    }

    /** Goes on when the record is durable. */
    @Override
    public void whenDurable(CompletableFuture<Void> recorded, Runnable then) {
        recorded.whenComplete((done, failure) -> inLoop(() -> {
            if (failure != null) {
                recordingFailed(failure);
            } else if (state == State.OPEN) {
                guarded(then);
            }
        }));
    }

    /** Ends the session should the record fail. */
    void failOn(CompletableFuture<Void> recorded) {
        if (recorded.isDone() && !recorded.isCompletedExceptionally()) {
            return;
        }
        whenDurable(recorded, () -> {});
    }

    void inLoop(Runnable task) {
        EventLoop loop = client.eventLoop();
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    ScheduledFuture<?> schedule(Runnable task, Duration delay) {
        long nanos = delay.compareTo(Duration.ofDays(365)) > 0 ? TimeUnit.DAYS.toNanos(365) : delay.toNanos();
        return client.eventLoop().schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /** Asks the server to cancel what it is doing for this session; what is asked of it next waits until it has done so. */
    CompletableFuture<Void> cancelUpstream() {
        CompletableFuture<Void> sent = services.connector().cancel(client.eventLoop(), upstream.key());
        link.holdUntil(sent);
        lastCancellation = sent;
        return sent;
    }

    /**
     * The client takes back the request at hand up to its Sync, and none that comes later. Safe to call from any thread.
     *
     * @return completes when the server has been told, or there was nothing to tell it
     */
    CompletableFuture<Void> cancel() {
        CompletableFuture<Void> told = new CompletableFuture<>();
        inLoop(() -> {
            if (state == State.OPEN && (busy || !queue.isEmpty())) {
                cancelled = true;
                cancelUpstream().whenComplete((done, failure) -> told.complete(null));
            } else {
                told.complete(null);
            }
        });
        return told;
    }

    /** True when the client has taken back the request at hand: what is not running yet is not to run. */
    boolean cancelled() {
        return cancelled;
    }

    // ---- what the database says unasked ----------------------------------------------------------------------------

    void notice(Report notice) {
        if (quiet || !messages.wants(notice.severity())) {
            return;
        }
        BackendWriter.noticeResponse(outbox.buffer(), reports.forClient(notice, 0));
    }

    void parameterStatus(BackendMessage message) {
        Pins.require(message.body());
        outbox.buffer().writeBytes(message.content(), message.content().readerIndex(), message.length());
    }

    /** What somebody notified on a channel that a statement of this session listens on. */
    void notification(BackendMessage message) {
        outbox.buffer().writeBytes(message.content(), message.content().readerIndex(), message.length());
    }

    void upstreamFatal(Report report) {
        BackendWriter.errorResponse(outbox.buffer(), reports.forClient(report, 0));
        end("upstream", null);
    }

    void upstreamClosed() {
        end(
                "upstream",
                new GatewayError(
                        SqlState.CONNECTION_FAILURE,
                        ErrorCode.UPSTREAM_UNAVAILABLE,
                        "database `" + services.upstream().name() + "` closed the connection",
                        "",
                        "connect again"));
    }

    void readComplete() {
        if (!busy && queue.isEmpty()) {
            outbox.cut();
        } else {
            outbox.cutIfWorthIt();
        }
    }

    /** Something is wrong that the session cannot survive: nothing more of it reaches the client. */
    void failed(Throwable failure) {
        if (failure instanceof EnforcementException refused) {
            if (refused.code() == ErrorCode.UPSTREAM_MISMATCH) {
                services.meters().count(PostgresMetric.MISMATCHES);
            }
            LOG.warn("session {} ends: {}", caller.recorder().sessionId(), refused.getMessage());
            outbox.discardPiece();
            end("error", GatewayError.of(refused));
        } else if (failure instanceof ProtocolException || failure.getCause() instanceof ProtocolException) {
            LOG.warn(
                    "session {} ends: the database broke the protocol",
                    caller.recorder().sessionId(),
                    failure);
            outbox.discardPiece();
            end(
                    "error",
                    GatewayError.of(
                            ErrorCode.UPSTREAM_MISMATCH, "the database's answer cannot be read; connect again"));
        } else {
            LOG.error("session {} ends by a defect", caller.recorder().sessionId(), failure);
            outbox.discardPiece();
            end("error", GatewayError.of(ErrorCode.INTERNAL, "a defect in the gateway; its log says more"));
        }
    }

    private void recordingFailed(Throwable failure) {
        if (state == State.CLOSED) {
            return;
        }
        LOG.error("session {} cannot be recorded and ends", caller.recorder().sessionId(), failure);
        outbox.discard();
        link.mute();
        state = State.CLOSING;
        ByteBuf out = client.alloc().buffer();
        if (!outbox.releasedWithinMessage()) {
            BackendWriter.errorResponse(
                    out,
                    GatewayError.of(
                                    ErrorCode.RECORDING_UNAVAILABLE,
                                    "the exchange cannot be recorded, so nothing of it is delivered",
                                    "try again later")
                            .fatal());
        }
        client.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
        cause = "error";
        close();
    }

    // ---- flow control and time -------------------------------------------------------------------------------------

    /** Stops or resumes reading from the database, by what waits for the client. */
    void adjustReading() {
        if (state == State.OPEN) {
            link.read(!outbox.congested());
        }
    }

    void adjustClientReading() {
        CopyIn data = copyIn;
        boolean room = queue.size() < services.config().bounds().pendingMessages() && (data == null || data.hasRoom());
        if (client.config().isAutoRead() != room) {
            client.config().setAutoRead(room);
        }
    }

    private void released() {
        adjustReading();
        if (state == State.CLOSING && outbox.empty()) {
            close();
        }
    }

    /** What is asked again is recorded with its answer, unless that takes so long that the record should not wait for it. */
    private void watchRecord() {
        if (recordTimer == null && outbox.waiting() >= 0) {
            recordTimer = schedule(this::recordIfLate, LATE);
        }
    }

    private void recordIfLate() {
        recordTimer = null;
        if (state != State.OPEN) {
            return;
        }
        if (outbox.waiting() > LATE.toNanos() / 2) {
            outbox.recordRequest();
        }
        if (System.nanoTime() - lastActive < LATE.toNanos()) {
            recordTimer = schedule(this::recordIfLate, LATE);
        } else {
            watchRecord();
        }
    }

    private void watchIdle(Duration idle, long nanos) {
        idleTimer = client.eventLoop()
                .schedule(
                        () -> {
                            long left = idle.toNanos() - (System.nanoTime() - lastActive);
                            if (left > 0 || busy) {
                                watchIdle(idle, Math.max(left, TimeUnit.SECONDS.toNanos(1)));
                            } else {
                                end(
                                        "error",
                                        new GatewayError(
                                                SqlState.IDLE_SESSION_TIMEOUT,
                                                ErrorCode.PROTOCOL_VIOLATION,
                                                "no request for " + idle + "; the session ends",
                                                "",
                                                "connect again"));
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    /** Ends the session as soon as it waits for a request. Safe to call from any thread. */
    CompletableFuture<Void> drain() {
        inLoop(() -> {
            draining = true;
            if (!busy && queue.isEmpty()) {
                end("shutdown", shutdown());
            }
        });
        return ended;
    }

    /** Ends the session now. Safe to call from any thread. */
    CompletableFuture<Void> shutDown() {
        inLoop(() -> end("shutdown", shutdown()));
        return ended;
    }

    private static GatewayError shutdown() {
        return new GatewayError(
                SqlState.ADMIN_SHUTDOWN, ErrorCode.OVERLOADED, "the gateway is shutting down", "", "connect again");
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    /** Ends the session: the client still gets what has been said, then the error. */
    private void end(String why, @Nullable GatewayError error) {
        if (state != State.OPEN) {
            if (!client.isActive()) {
                close();
            }
            return;
        }
        state = State.CLOSING;
        cause = why;
        queue.clear();
        link.mute();
        if (busy && (running != null || opening != null)) {
            // The server would go on with it for as long as it takes.
            cancelUpstream();
        }
        String code = error == null ? "" : error.sqlState();
        if (running != null) {
            completed(running, Outcome.OUTCOME_ABORTED, code);
        } else if (opening != null) {
            outbox.complete(
                    Outbox.completion(opening.request(), Outcome.OUTCOME_ABORTED, code, 0, 0, System.nanoTime()));
        }
        names.forgetPortals();
        if (error != null && client.isActive() && !outbox.withinMessage()) {
            clientError(error.fatal());
        }
        outbox.cut();
        if (!client.isActive() || outbox.empty()) {
            close();
        }
    }

    private void close() {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        if (idleTimer != null) {
            idleTimer.cancel(false);
        }
        if (recordTimer != null) {
            recordTimer.cancel(false);
        }
        services.sessions().remove(key);
        outbox.discardPiece();
        if (upstream.channel().isActive()) {
            ByteBuf out = upstream.channel().alloc().buffer();
            FrontendWriter.terminate(out);
            upstream.channel().writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
        }
        client.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        CompletableFuture<Void> recorded = caller.recorder()
                .close(SessionClosed.newBuilder()
                        .setCause(cause)
                        .setRequests(decider.requests())
                        .setRows(outbox.totalRows())
                        .build());
        // A gateway that stops must not end before the server knows that nobody waits for what it does.
        CompletableFuture.allOf(recorded, lastCancellation).whenComplete((done, failure) -> ended.complete(null));
    }
}
