package dev.chaperone.postgres;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Authenticated;
import dev.chaperone.audit.v1.AuthenticationFailed;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendDecoder;
import dev.chaperone.postgres.wire.FrontendMessage;
import dev.chaperone.postgres.wire.ProtocolException;
import dev.chaperone.postgres.wire.StartupMessage;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection until it is a session (chapter "Start-up"), and the session's ear from then on:
 *
 * <pre>{@code
 * client                                     gateway
 *    SSLRequest                      ->
 *                                    <-   'S', then TLS; or 'N'
 *    StartupMessage                  ->
 *                                    <-   (NegotiateProtocolVersion)
 *                                    <-   AuthenticationCleartextPassword
 *    PasswordMessage (the token)     ->
 *                                         verify the token, record who it is, log in to the database
 *                                    <-   AuthenticationOk, ParameterStatus*, BackendKeyData, ReadyForQuery
 * }</pre>
 */
final class ClientHandler extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(ClientHandler.class);

    /** How far the connection is. */
    private enum State {
        STARTUP,
        PASSWORD,
        LOGIN,
        SESSION,
        CLOSED
    }

    private final Front front;
    private final @Nullable SslContext tls;
    private final FrontendDecoder decoder;
    private State state = State.STARTUP;
    private boolean sslAsked;
    private boolean gssAsked;
    private @Nullable StartupParameters startup;
    private Upstreams.@Nullable Choice choice;
    private @Nullable SessionRecorder recorder;
    private @Nullable Session session;
    private @Nullable ScheduledFuture<?> timer;

    ClientHandler(Front front, @Nullable SslContext tls, FrontendDecoder decoder) {
        this.front = front;
        this.tls = tls;
        this.decoder = decoder;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        timer = ctx.executor()
                .schedule(
                        () -> {
                            if (state != State.SESSION && state != State.CLOSED) {
                                count("authentication_timeout");
                                close(ctx);
                            }
                        },
                        front.config().bounds().authenticationTimeout().toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (state == State.CLOSED) {
            return;
        }
        if (message instanceof StartupMessage first) {
            startup(ctx, first);
        } else if (message instanceof FrontendMessage.Password password && state == State.PASSWORD) {
            login(ctx, password.password());
        } else if (message instanceof FrontendMessage later && session != null) {
            session.accept(later);
        } else {
            refuse(ctx, GatewayError.of(ErrorCode.PROTOCOL_VIOLATION, "unexpected message before the login"));
        }
    }

    // ---- before the login ------------------------------------------------------------------------------------------

    private void startup(ChannelHandlerContext ctx, StartupMessage message) {
        if (message instanceof StartupMessage.SslRequest) {
            ssl(ctx);
        } else if (message instanceof StartupMessage.GssEncryptionRequest) {
            if (gssAsked) {
                refuse(ctx, GatewayError.of(ErrorCode.PROTOCOL_VIOLATION, "GSSAPI encryption was asked for twice"));
                return;
            }
            gssAsked = true;
            ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte('N'));
        } else if (message instanceof StartupMessage.CancelRequest cancel) {
            Session found = front.sessions().find(cancel.processId(), cancel.secret());
            if (found != null) {
                found.cancelUpstream();
            }
            close(ctx);
        } else if (message instanceof StartupMessage.Startup packet) {
            begin(ctx, packet);
        }
    }

    private void ssl(ChannelHandlerContext ctx) {
        if (sslAsked || ctx.pipeline().get(SslHandler.class) != null) {
            refuse(ctx, GatewayError.of(ErrorCode.PROTOCOL_VIOLATION, "TLS was asked for twice"));
            return;
        }
        sslAsked = true;
        ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(tls == null ? 'N' : 'S'));
        if (tls != null) {
            ctx.pipeline().addFirst(tls.newHandler(ctx.alloc()));
        }
    }

    private void begin(ChannelHandlerContext ctx, StartupMessage.Startup packet) {
        if (packet.majorVersion() != 3) {
            refuse(
                    ctx,
                    GatewayError.of(
                            ErrorCode.UNSUPPORTED,
                            "protocol version " + packet.majorVersion() + "." + packet.minorVersion()
                                    + " is not spoken here; expected 3.0"));
            return;
        }
        GatewayError refusal = refusal(ctx);
        if (refusal != null) {
            refuse(ctx, refusal);
            return;
        }
        StartupParameters parameters;
        try {
            parameters = StartupParameters.of(packet.parameters());
        } catch (EnforcementException e) {
            refuse(ctx, GatewayError.of(e));
            return;
        }
        startup = parameters;
        choice = front.upstreams().choose(parameters.database());
        ByteBuf out = ctx.alloc().buffer();
        if (packet.minorVersion() > 0 || !parameters.unknownOptions().isEmpty()) {
            BackendWriter.negotiateProtocolVersion(out, parameters.unknownOptions());
        }
        BackendWriter.authenticationCleartextPassword(out);
        state = State.PASSWORD;
        decoder.expect(FrontendDecoder.Phase.PASSWORD);
        ctx.writeAndFlush(out);
    }

    private @Nullable GatewayError refusal(ChannelHandlerContext ctx) {
        if (front.sessions().draining()) {
            return new GatewayError(
                    "57P03", // cannot_connect_now
                    ErrorCode.OVERLOADED,
                    "the gateway is shutting down",
                    "",
                    "connect again");
        }
        if (front.sessions().size() >= front.config().bounds().sessions()) {
            return GatewayError.of(
                    ErrorCode.OVERLOADED, "the gateway has no room for another session", "try again later");
        }
        if (front.config().listen().requireTls()
                && ctx.pipeline().get(SslHandler.class) == null
                && !loopback(ctx.channel().remoteAddress())) {
            return new GatewayError(
                    "28000", // invalid_authorization_specification
                    ErrorCode.PROTOCOL_VIOLATION,
                    "a token is not taken over a connection that is not encrypted",
                    "",
                    "connect with sslmode=require or stronger");
        }
        return null;
    }

    private static boolean loopback(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress inet
                && inet.getAddress() != null
                && inet.getAddress().isLoopbackAddress();
    }

    // ---- the login -------------------------------------------------------------------------------------------------

    private void login(ChannelHandlerContext ctx, String token) {
        state = State.LOGIN;
        decoder.expect(FrontendDecoder.Phase.SILENCE);
        SessionRecorder opened;
        try {
            opened = front.recorder().open(opening(ctx));
        } catch (EnforcementException e) {
            refuse(ctx, GatewayError.of(e));
            return;
        }
        recorder = opened;
        front.authenticator()
                .authenticate(token)
                .whenComplete((principal, failure) -> ctx.executor().execute(() -> {
                    if (state != State.LOGIN) {
                        return;
                    }
                    if (failure != null) {
                        authenticationFailed(ctx, opened, failure);
                    } else {
                        authenticated(ctx, opened, principal);
                    }
                }));
    }

    private SessionOpened.Builder opening(ChannelHandlerContext ctx) {
        SessionOpened.Builder opening = SessionOpened.newBuilder()
                .setKind(SessionOpened.Kind.KIND_CLIENT)
                .setProtocol("postgres")
                .setClientAddress(address(ctx, true))
                .setClientTransport(UpstreamLogin.transport(ctx.pipeline().get(SslHandler.class)));
        if (choice instanceof Upstreams.Choice.Found found) {
            Upstream upstream = found.services().upstream();
            opening.setUpstream(upstream.name()).setUpstreamTransport(upstream.transport());
        }
        return opening;
    }

    private void authenticationFailed(ChannelHandlerContext ctx, SessionRecorder record, Throwable failure) {
        GatewayError error;
        if (unwrap(failure) instanceof EnforcementException e) {
            error = GatewayError.of(e);
        } else {
            LOG.error("a token could not be verified by a defect", failure);
            error = GatewayError.of(ErrorCode.INTERNAL, "the token could not be verified; the gateway's log says more");
        }
        record.record(AuditEvent.newBuilder()
                        .setAuthenticationFailed(AuthenticationFailed.newBuilder()
                                .setCode(error.code().code())
                                .setMessage(error.message())))
                .whenComplete((done, impossible) -> ctx.executor().execute(() -> refuse(ctx, error)));
    }

    private void authenticated(ChannelHandlerContext ctx, SessionRecorder record, Principal principal) {
        StartupParameters parameters = startup;
        Upstreams.Choice chosen = choice;
        if (parameters == null || chosen == null) {
            throw new IllegalStateException("a login without start-up packet");
        }
        CompletableFuture<Void> recorded = record.record(AuditEvent.newBuilder()
                .setAuthenticated(Authenticated.newBuilder().setPrincipal(principal)));
        if (chosen instanceof Upstreams.Choice.Refused refused) {
            recorded.whenComplete((done, failure) -> ctx.executor().execute(() -> refuse(ctx, refused.error())));
        } else if (chosen instanceof Upstreams.Choice.Found found) {
            enter(
                    ctx,
                    found.services(),
                    new Caller(
                            principal,
                            address(ctx, false),
                            ctx.pipeline().get(SslHandler.class) != null,
                            parameters,
                            record),
                    recorded);
        }
    }

    /** Logs in to the database. */
    private void enter(ChannelHandlerContext ctx, Services services, Caller caller, CompletableFuture<Void> recorded) {
        CompletableFuture<UpstreamConnection> connected = services.connector()
                .connect(ctx.channel().eventLoop(), caller.startup().settings());
        recorded.thenCombine(connected, (nothing, upstream) -> upstream)
                .whenComplete((upstream, failure) -> ctx.executor().execute(() -> {
                    if (failure != null
                            || state != State.LOGIN
                            || !ctx.channel().isActive()) {
                        connected.thenAccept(unused -> unused.channel().close());
                    }
                    if (state != State.LOGIN) {
                        return;
                    }
                    if (failure == null) {
                        open(ctx, services, caller, upstream);
                    } else if (unwrap(failure) instanceof EnforcementException e) {
                        LOG.warn("a session cannot be served: {}", e.getMessage(), e.getCause());
                        refuse(ctx, GatewayError.of(e));
                    } else {
                        LOG.error("a session cannot be served by a defect", failure);
                        refuse(ctx, GatewayError.of(ErrorCode.INTERNAL, "a defect in the gateway; its log says more"));
                    }
                }));
    }

    private void open(ChannelHandlerContext ctx, Services services, Caller caller, UpstreamConnection upstream) {
        state = State.SESSION;
        recorder = null; // the session's from now on
        if (timer != null) {
            timer.cancel(false);
        }
        Session opened = new Session(services, caller, ctx.channel(), upstream);
        session = opened;
        decoder.expect(FrontendDecoder.Phase.SESSION);
        opened.start();
        if (services.sessions().draining()) {
            opened.shutDown();
        }
    }

    private static Throwable unwrap(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private static String address(ChannelHandlerContext ctx, boolean withPort) {
        if (ctx.channel().remoteAddress() instanceof InetSocketAddress inet && inet.getAddress() != null) {
            String host = inet.getAddress().getHostAddress();
            return withPort ? (host.indexOf(':') < 0 ? host : '[' + host + ']') + ':' + inet.getPort() : host;
        }
        return "unknown";
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    private void refuse(ChannelHandlerContext ctx, GatewayError error) {
        if (state == State.CLOSED) {
            return;
        }
        count(error.code().code());
        ByteBuf out = ctx.alloc().buffer();
        BackendWriter.errorResponse(out, error.fatal());
        ctx.writeAndFlush(out);
        close(ctx);
    }

    private void count(String code) {
        front.meters().count(PostgresMetric.REFUSED_CONNECTIONS, "code", code);
    }

    private void close(ChannelHandlerContext ctx) {
        state = State.CLOSED;
        decoder.expect(FrontendDecoder.Phase.IGNORE);
        if (timer != null) {
            timer.cancel(false);
        }
        SessionRecorder unused = recorder;
        recorder = null;
        if (unused != null) {
            unused.close(SessionClosed.newBuilder().setCause("error").build());
        }
        ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (session != null) {
            session.adjustReading();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (session != null) {
            session.clientGone();
        } else if (state != State.CLOSED) {
            close(ctx);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Throwable reason = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (session != null) {
            session.clientFailed(reason);
        } else if (reason instanceof ProtocolException) {
            refuse(ctx, GatewayError.of(ErrorCode.PROTOCOL_VIOLATION, String.valueOf(reason.getMessage())));
        } else {
            LOG.debug("a connection failed before its login", reason);
            close(ctx);
        }
    }
}
