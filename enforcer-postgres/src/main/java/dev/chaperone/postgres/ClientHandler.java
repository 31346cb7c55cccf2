package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendDecoder;
import dev.chaperone.postgres.wire.FrontendMessage;
import dev.chaperone.postgres.wire.ProtocolException;
import dev.chaperone.postgres.wire.ProtocolVersion;
import dev.chaperone.postgres.wire.StartupMessage;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection until it is a session (chapter "Start-up"), and the session's ear from then on:
 *
 * <pre>{@code
 * client                                     gateway
 *    SSLRequest, GSSENCRequest       ->
 *                                    <-   'S', then TLS; or 'N'
 *    (or TLS from the first byte on, see TlsDetector)
 *    StartupMessage                  ->
 *                                    <-   (NegotiateProtocolVersion)
 *                                    <-   AuthenticationCleartextPassword
 *    PasswordMessage (the token)     ->
 *                                         verify the token, record who it is, log in to the database: see ClientLogin
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
    private boolean arriving;
    private @Nullable ClientLogin login;
    private @Nullable Session session;
    private @Nullable ScheduledFuture<?> timer;

    /**
     * @param tls null where TLS is not offered
     */
    ClientHandler(Front front, @Nullable SslContext tls, FrontendDecoder decoder) {
        this.front = front;
        this.tls = tls;
        this.decoder = decoder;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        arriving = front.sessions().arrive();
        if (!arriving) {
            refuse(ctx, GatewayError.of(ErrorCode.OVERLOADED, "too many connections log in", "try again later"));
            return;
        }
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
        } else if (message instanceof FrontendMessage.Password password && state == State.PASSWORD && login != null) {
            state = State.LOGIN;
            decoder.expect(FrontendDecoder.Phase.SILENCE);
            login.begin(password.password());
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
            gss(ctx);
        } else if (message instanceof StartupMessage.CancelRequest cancel) {
            cancel(ctx, cancel);
        } else if (message instanceof StartupMessage.Startup packet) {
            begin(ctx, packet);
        }
    }

    private void ssl(ChannelHandlerContext ctx) {
        if (sslAsked) {
            refuse(ctx, GatewayError.of(ErrorCode.PROTOCOL_VIOLATION, "TLS was asked for twice"));
            return;
        }
        sslAsked = true;
        SslContext offered = encrypted(ctx) ? null : tls;
        ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(offered == null ? 'N' : 'S'));
        if (offered != null) {
            gssAsked = true; // nothing more is negotiated inside
            ctx.pipeline().addFirst(offered.newHandler(ctx.alloc()));
        }
    }

    private void gss(ChannelHandlerContext ctx) {
        if (gssAsked) {
            refuse(
                    ctx,
                    GatewayError.of(ErrorCode.PROTOCOL_VIOLATION, "GSSAPI encryption was asked for at the wrong time"));
            return;
        }
        gssAsked = true;
        ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte('N'));
    }

    /** As a server does, says nothing, whether there is such a session or not; closes when the database has been told. */
    private void cancel(ChannelHandlerContext ctx, StartupMessage.CancelRequest request) {
        decoder.expect(FrontendDecoder.Phase.IGNORE);
        Session found = front.sessions().find(request.key());
        if (found == null) {
            close(ctx);
        } else {
            found.cancel().whenComplete((done, failure) -> ctx.executor().execute(() -> close(ctx)));
        }
    }

    private void begin(ChannelHandlerContext ctx, StartupMessage.Startup packet) {
        ProtocolVersion asked = packet.version();
        GatewayError refusal = refusal(ctx, asked);
        if (refusal != null) {
            refuse(ctx, refusal);
            return;
        }
        StartupParameters parameters;
        try {
            parameters = StartupParameters.of(asked, packet.parameters());
        } catch (EnforcementException e) {
            refuse(ctx, GatewayError.of(e));
            return;
        } catch (ConnectionRefused e) {
            refuse(ctx, e.error());
            return;
        }
        login = new ClientLogin(front, ctx.channel(), parameters, new Arrival(ctx));
        ByteBuf out = ctx.alloc().buffer();
        if (!parameters.version().equals(asked) || !parameters.unknownOptions().isEmpty()) {
            BackendWriter.negotiateProtocolVersion(out, parameters.version(), parameters.unknownOptions());
        }
        BackendWriter.authenticationCleartextPassword(out);
        state = State.PASSWORD;
        decoder.expect(FrontendDecoder.Phase.PASSWORD);
        ctx.writeAndFlush(out);
    }

    private @Nullable GatewayError refusal(ChannelHandlerContext ctx, ProtocolVersion asked) {
        if (asked.major() != ProtocolVersion.V3_0.major()) {
            return GatewayError.of(
                    ErrorCode.UNSUPPORTED,
                    "unsupported frontend protocol " + asked + ": server supports " + ProtocolVersion.V3_0 + " to "
                            + ProtocolVersion.V3_2);
        }
        if (front.sessions().draining()) {
            return new GatewayError(
                    SqlState.CANNOT_CONNECT_NOW,
                    ErrorCode.OVERLOADED,
                    "the gateway is shutting down",
                    "",
                    "connect again");
        }
        if (front.config().listen().requireTls()
                && !encrypted(ctx)
                && !Peer.of(ctx.channel()).machine()) {
            return new GatewayError(
                    "28000", // invalid_authorization_specification
                    ErrorCode.PROTOCOL_VIOLATION,
                    "a token is not taken over a connection that is not encrypted",
                    "",
                    "connect with sslmode=require or stronger");
        }
        return null;
    }

    private static boolean encrypted(ChannelHandlerContext ctx) {
        return ctx.pipeline().get(SslHandler.class) != null;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake && state == State.STARTUP) {
            if (!handshake.isSuccess()) {
                LOG.debug("a TLS handshake failed", handshake.cause());
                count("tls_handshake_failed");
                close(ctx);
            } else if (!sslAsked && !Tls.negotiatedPostgres(ctx.pipeline().get(SslHandler.class))) {
                // Without it a client of another protocol could be made to talk to us (PostgreSQL 17 asks for it, too).
                count("tls_without_alpn");
                close(ctx);
            }
        }
    }

    // ---- the login -------------------------------------------------------------------------------------------------

    /** The end of the login. */
    private final class Arrival implements ClientLogin.Outcome {

        private final ChannelHandlerContext ctx;

        Arrival(ChannelHandlerContext ctx) {
            this.ctx = ctx;
        }

        @Override
        public void opened(Session opened) {
            state = State.SESSION;
            login = null;
            arrived();
            session = opened;
            decoder.expect(FrontendDecoder.Phase.SESSION);
            opened.start();
            if (front.sessions().draining()) {
                opened.shutDown();
            }
        }

        @Override
        public void refused(GatewayError error) {
            refuse(ctx, error);
        }
    }

    private void arrived() {
        if (timer != null) {
            timer.cancel(false);
        }
        if (arriving) {
            arriving = false;
            front.sessions().arrived();
        }
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    private void refuse(ChannelHandlerContext ctx, GatewayError error) {
        if (state == State.CLOSED) {
            return;
        }
        count(error.code().code());
        LOG.info("refused a connection from {}: {}", Peer.of(ctx.channel()).address(), error.logged());
        ByteBuf out = ctx.alloc().buffer();
        BackendWriter.errorResponse(out, error.fatal());
        ctx.writeAndFlush(out);
        close(ctx);
    }

    private void count(String code) {
        front.meters().count(PostgresMetric.REFUSED_CONNECTIONS, "code", code);
    }

    private void close(ChannelHandlerContext ctx) {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        decoder.expect(FrontendDecoder.Phase.IGNORE);
        arrived();
        if (login != null) {
            login.abandon();
        }
        ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (session != null) {
            session.acceptedAll();
        }
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
        } else {
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
