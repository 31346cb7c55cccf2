package dev.chaperone.postgres;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.enforcer.EnforcementException;
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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
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
final class Session implements Requests.Handler, CopyIn.Events {

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

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
    private final Requests requests;
    private final Transaction transaction;
    private final ExtendedQuery extended;
    private final SessionTimers timers;
    private final Running running;
    private final Ending ending;
    private boolean quiet;

    /** A session over two connections; {@link #start} begins it. */
    Session(Services services, Caller caller, Decider decider, Channel client, UpstreamConnection upstream) {
        this.services = services;
        this.caller = caller;
        this.client = client;
        this.upstream = upstream;
        this.key =
                services.sessions().add(this, upstream.key(), caller.startup().version());
        this.link = new UpstreamLink(upstream.channel(), new SessionUpstream(this));
        this.outbox = new Outbox(client, caller.recorder(), services.meters(), this::recordingFailed, this::released);
        this.reports = new Reports(outbox, services.analyses()::catalog);
        this.decider = decider;
        this.flow = new StatementFlow(this, link, decider);
        this.messages = new ClientMessages(
                caller.startup().settings().getOrDefault(ClientMessages.SHADOW, ClientMessages.DEFAULT));
        this.names = new SessionNames(this, services.config().bounds().preparedStatements());
        this.requests = new Requests(client, this, services.config().bounds().pendingMessages());
        decider.heard(requests::lastActive);
        this.transaction = new Transaction(this, link);
        this.extended = new ExtendedQuery(this, link, flow, names);
        this.timers = new SessionTimers(client.eventLoop(), requests, outbox, this::open);
        this.ending = new Ending(this, client, link, requests);
        this.running = new Running(services, client.eventLoop(), upstream, link, outbox);
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
        timers.watchIdle(
                idle,
                () -> end(
                        "error",
                        GatewayError.connectAgain(
                                SqlState.IDLE_SESSION_TIMEOUT,
                                ErrorCode.PROTOCOL_VIOLATION,
                                "no request for " + idle + "; the session ends")));
    }

    // ---- what the client sends -------------------------------------------------------------------------------------

    /** Takes one message of the client. */
    void accept(FrontendMessage message) {
        if (ending.open()) {
            requests.accept(message);
        }
    }

    /** Carries out what the client has sent; it comes in packets, and what is in one belongs together. */
    void acceptedAll() {
        if (ending.open()) {
            requests.acceptedAll();
        }
    }

    /** The client is gone, or its connection failed. */
    void clientGone() {
        end("client", null);
    }

    @Override
    public void terminated() {
        end("client", null);
    }

    @Override
    public void clientFailed(Throwable failure) {
        ErrorCode code = failure instanceof ProtocolException ? ErrorCode.PROTOCOL_VIOLATION : ErrorCode.INTERNAL;
        String message = failure instanceof ProtocolException ? failure.getMessage() : "the client's connection failed";
        GatewayError error = GatewayError.of(code, String.valueOf(message));
        LOG.info("session {} ends: {}", caller.recorder().sessionId(), error.logged());
        end("error", error);
    }

    @Override
    public void handle(FrontendMessage message) {
        if (caller.expired(Instant.now())) {
            end(
                    "error",
                    GatewayError.of(
                            ErrorCode.TOKEN_EXPIRED, "the token of this session has expired; connect with a new one"));
            return;
        }
        switch (message.kind()) {
            case QUERY -> new SimpleQuery(this, link, flow, ((FrontendMessage.Query) message).sql()).start();
            case PARSE -> extended.parse((FrontendMessage.Parse) message);
            case BIND -> extended.bind((FrontendMessage.Bind) message);
            case DESCRIBE -> extended.describe((FrontendMessage.Describe) message);
            case EXECUTE -> extended.execute((FrontendMessage.Execute) message);
            case CLOSE -> extended.close((FrontendMessage.Close) message);
            case SYNC -> transaction.sync();
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
        requests.next();
    }

    @Override
    public void caughtUp() {
        outbox.cutIfWorthIt();
    }

    /** The message at hand has failed; the client knows, and everything up to its Sync is skipped. */
    void failedUntilSync() {
        requests.skipUntilSync();
        outbox.cut();
        next();
    }

    /** A Sync has been carried out. */
    void synced() {
        requests.synced();
    }

    /** The client knows that the next request may come. */
    void ready(Runnable then) {
        if (!ending.due()) {
            then.run();
        }
    }

    /** A request has been decided on. */
    void decided(Ruling ruling) {
        outbox.request(ruling.request(), ruling.repeated());
        timers.watchRecord();
    }

    /**
     * True when nothing has run since the last Sync, and the client has sent already that this portal is to run to its end,
     * and then the next Sync.
     */
    boolean seriesEnds(String portal) {
        return !transaction.touched() && requests.endsWith(portal);
    }

    // ---- what happens to statements --------------------------------------------------------------------------------

    @Override
    public boolean open() {
        return ending.open();
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

    Analyses analyses() {
        return services.analyses();
    }

    /** How the transaction stands. */
    Transaction transaction() {
        return transaction;
    }

    /** What the database is doing. */
    Running running() {
        return running;
    }

    /** The settings that the gateway depends on. */
    Pins pins() {
        return pins;
    }

    /** Which notices the client wants to have. */
    ClientMessages messages() {
        return messages;
    }

    /** Whether what goes on is the gateway's own doing, after the client has had its answer. */
    void quiet(boolean on) {
        quiet = on;
    }

    /** What policies and records call the database. */
    String database() {
        return services.upstream().name();
    }

    /** The prepared statements, portals and cursors of the session. */
    SessionNames names() {
        return names;
    }

    /** The COPY that takes what the client sends from now on; null when none does any more. */
    void copyIn(@Nullable CopyIn data) {
        requests.copyIn(data);
    }

    @Override
    public CompletableFuture<Void> record(AuditEvent.Builder event) {
        return caller.recorder().record(event);
    }

    @Override
    public void roomChanged() {
        requests.adjustReading();
    }

    /** Passes on an error in parsing a statement. */
    void parseError(Report report, int offset) {
        reports.parsing(true);
        upstreamError(report, offset);
        reports.parsing(false);
    }

    /** Passes an error of the server on to the client. */
    void upstreamError(Report report, int offset) {
        transaction.fail();
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
            } else if (ending.open()) {
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
        return timers.schedule(task, delay);
    }

    /**
     * The client takes back the request at hand up to its Sync, and none that comes later. Safe to call from any thread.
     *
     * @return completes when the server has been told, or there was nothing to tell it
     */
    CompletableFuture<Void> cancel() {
        CompletableFuture<Void> told = new CompletableFuture<>();
        inLoop(() -> {
            // What the gateway does of its own is nothing that the client could mean.
            if (ending.open() && (quiet ? requests.waiting() : !requests.idle())) {
                transaction.cancel();
                running.cancel().whenComplete((done, failure) -> told.complete(null));
            } else {
                told.complete(null);
            }
        });
        return told;
    }

    // ---- what the database says unasked ----------------------------------------------------------------------------

    /** True when the client is to have notices of that severity. */
    boolean wantsNotices(String severity) {
        return !quiet && messages.wants(severity);
    }

    void readComplete() {
        if (requests.idle()) {
            outbox.cut();
        } else {
            outbox.cutIfWorthIt();
        }
    }

    /** Something is wrong that the session cannot survive: nothing more of it reaches the client. */
    @Override
    public void failed(Throwable failure) {
        GatewayError error;
        String id = caller.recorder().sessionId();
        if (failure instanceof EnforcementException refused) {
            if (refused.code() == ErrorCode.UPSTREAM_MISMATCH) {
                services.meters().count(PostgresMetric.MISMATCHES);
            }
            LOG.warn("session {} ends: {}", id, refused.getMessage());
            error = GatewayError.of(refused);
        } else if (failure instanceof ProtocolException || failure.getCause() instanceof ProtocolException) {
            LOG.warn("session {} ends: the database broke the protocol", id, failure);
            error = GatewayError.of(ErrorCode.UPSTREAM_MISMATCH, "the database's answer cannot be read; connect again");
        } else {
            LOG.error("session {} ends by a defect", id, failure);
            error = GatewayError.of(ErrorCode.INTERNAL, "a defect in the gateway; its log says more");
        }
        outbox.discardPiece();
        end("error", error);
    }

    // ---- flow control ----------------------------------------------------------------------------------------------

    /** Stops or resumes reading from the database, by what waits for the client. */
    void adjustReading() {
        if (ending.open()) {
            link.read(!outbox.congested());
        }
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    /** Ends the session as soon as it waits for a request. Safe to call from any thread. */
    CompletableFuture<Void> drain() {
        inLoop(ending::drain);
        return ending.ended();
    }

    /** Ends the session now. Safe to call from any thread. */
    CompletableFuture<Void> shutDown() {
        inLoop(ending::shutDown);
        return ending.ended();
    }

    /** Ends the session: the client still gets what has been said, then the error. */
    void end(String why, @Nullable GatewayError error) {
        ending.end(why, error);
    }

    private void recordingFailed(Throwable failure) {
        if (ending.unrecorded()) {
            LOG.error(
                    "session {} cannot be recorded and ends", caller.recorder().sessionId(), failure);
        }
    }

    private void released() {
        adjustReading();
        ending.released();
    }

    /**
     * The session is over: nothing more is said to anybody.
     *
     * @return completes when that is on record, and the server knows
     */
    CompletableFuture<Void> over(String cause) {
        timers.stop();
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
        return CompletableFuture.allOf(recorded, running.lastCancellation());
    }
}
