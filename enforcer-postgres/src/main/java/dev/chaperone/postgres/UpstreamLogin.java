package dev.chaperone.postgres;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;
import com.ongres.scram.common.util.TlsServerEndpoint;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.CancelKey;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.ProtocolVersion;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import dev.chaperone.proto.Secret;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs in to the database (chapter "Start-up" and "SASL Authentication"):
 *
 * <pre>{@code
 * enforcer                        database
 *    StartupMessage        ->
 *                          <-  (NegotiateProtocolVersion: before PostgreSQL 18)
 *                          <-  AuthenticationSASL(SCRAM-SHA-256[-PLUS])
 *    SASLInitialResponse   ->
 *                          <-  AuthenticationSASLContinue
 *    SASLResponse          ->
 *                          <-  AuthenticationSASLFinal      the server has proved that it knows the password, too
 *                          <-  AuthenticationOk
 *                          <-  ParameterStatus*, BackendKeyData, ReadyForQuery
 * }</pre>
 *
 * MD5 and clear-text passwords are refused: they would hand the credential to whoever answers.
 */
final class UpstreamLogin extends SimpleChannelInboundHandler<BackendMessage> {

    private static final Logger LOG = LoggerFactory.getLogger(UpstreamLogin.class);

    private static final int OK = 0;
    private static final int SASL = 10;
    private static final int SASL_CONTINUE = 11;
    private static final int SASL_FINAL = 12;

    private final String name;
    private final PostgresConfig.Upstream upstream;
    private final @Nullable SslHandler tls;
    private final CompletableFuture<UpstreamConnection> result;
    private final Map<String, String> parameters = new LinkedHashMap<>();
    private @Nullable ScramClient scram;
    private boolean serverProved;
    private boolean letIn;
    private @Nullable CancelKey key;

    /**
     * @param name what policies and records call the database
     * @param tls the connection's TLS, null when it has none
     * @param result gets the connection, or why there is none
     */
    UpstreamLogin(
            String name,
            PostgresConfig.Upstream upstream,
            @Nullable SslHandler tls,
            CompletableFuture<UpstreamConnection> result) {
        this.name = name;
        this.upstream = upstream;
        this.tls = tls;
        this.result = result;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, BackendMessage message) {
        if (result.isDone()) {
            return;
        }
        ByteBuf body = message.body();
        switch (message.tag()) {
            case 'R' -> authentication(ctx, body);
            case 'S' -> parameters.put(string(body), string(body));
            case 'v' -> negotiated(body);
            case 'K' -> key = key(body);
            case 'Z' -> ready(ctx);
            case 'E' -> throw error(Report.read(body));
            case 'N' -> {}
            default -> throw refused("sent the message `" + message.tag() + "` during the login");
        }
    }

    /** The server is older than what was asked for; what changed since does not matter here. */
    private void negotiated(ByteBuf body) {
        int newest = body.readableBytes() < 8 ? -1 : body.readInt();
        int unknownOptions = newest < 0 ? -1 : body.readInt();
        // The message is described as the minor version, and sent as the whole.
        boolean understood = newest >>> 16 == ProtocolVersion.V3_2.major() || newest >>> 16 == 0;
        if (!understood || (newest & 0xffff) >= ProtocolVersion.V3_2.minor() || unknownOptions != 0) {
            throw refused("negotiates a protocol version that was not asked for");
        }
    }

    private CancelKey key(ByteBuf body) {
        int length = body.readableBytes() - 4;
        if (length < CancelKey.SHORT || length > CancelKey.LONGEST) {
            throw refused("sent a cancellation key of " + length + " bytes");
        }
        int processId = body.readInt();
        byte[] secret = new byte[length];
        body.readBytes(secret);
        return new CancelKey(processId, secret);
    }

    private void authentication(ChannelHandlerContext ctx, ByteBuf body) {
        int request = body.readableBytes() < 4 ? -1 : body.readInt();
        try {
            switch (request) {
                case OK -> {
                    if (!serverProved && !upstream.allowTrust()) {
                        throw refused(
                                "let the enforcer in without proof of who it is; make it ask for scram-sha-256, or set"
                                        + " `allow-trust: true`");
                    }
                    letIn = true;
                }
                case SASL -> begin(ctx, body);
                case SASL_CONTINUE -> {
                    ScramClient client = scram();
                    client.serverFirstMessage(body.toString(StandardCharsets.UTF_8));
                    ByteBuf out = ctx.alloc().buffer();
                    FrontendWriter.saslResponse(
                            out, client.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8));
                    ctx.writeAndFlush(out);
                }
                case SASL_FINAL -> {
                    scram().serverFinalMessage(body.toString(StandardCharsets.UTF_8));
                    serverProved = true;
                }
                default ->
                    throw refused("asks for authentication method " + request
                            + "; the enforcer gives its password by scram-sha-256 only");
            }
        } catch (ScramException | IllegalStateException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "database `" + name + "` and the enforcer do not agree on the enforcer's password",
                    e);
        }
    }

    private void begin(ChannelHandlerContext ctx, ByteBuf body) {
        Secret password = upstream.password();
        if (password == null) {
            throw refused("asks for a password and none is configured");
        }
        List<String> mechanisms = new ArrayList<>();
        for (String name = string(body); !name.isEmpty(); name = string(body)) {
            mechanisms.add(name);
        }
        ScramClient.FinalBuildStage builder = ScramClient.builder()
                .advertisedMechanisms(mechanisms)
                .username("*") // the server goes by the start-up packet
                .password(password.value().toCharArray())
                .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION);
        byte[] endpoint = endpoint();
        ScramClient client =
                (endpoint.length == 0 ? builder : builder.channelBinding("tls-server-end-point", endpoint)).build();
        scram = client;
        ByteBuf out = ctx.alloc().buffer();
        FrontendWriter.saslInitialResponse(
                out,
                client.getScramMechanism().getName(),
                client.clientFirstMessage().toString().getBytes(StandardCharsets.UTF_8));
        ctx.writeAndFlush(out);
    }

    /** Binds the password's proof to this very TLS connection (RFC 5929 section 4), so that it cannot be relayed. */
    private byte[] endpoint() {
        if (tls == null) {
            return new byte[0];
        }
        try {
            if (tls.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate certificate) {
                return TlsServerEndpoint.getChannelBindingData(certificate);
            }
            return new byte[0];
        } catch (SSLPeerUnverifiedException | CertificateException e) {
            throw refused("showed a certificate that the login cannot be bound to");
        }
    }

    private ScramClient scram() {
        if (scram == null) {
            throw refused("answered a login that was not begun");
        }
        return scram;
    }

    private void ready(ChannelHandlerContext ctx) {
        if (!letIn) {
            throw refused("says it is ready before it let the enforcer in");
        }
        if (!"UTF8".equals(parameters.get("client_encoding"))
                || !"on".equals(parameters.get("standard_conforming_strings"))) {
            throw refused("does not keep client_encoding `UTF8` and standard_conforming_strings `on`");
        }
        if (key == null) {
            throw refused("gave no key by which its statements can be cancelled");
        }
        ctx.channel().config().setAutoRead(false);
        if (!result.complete(new UpstreamConnection(ctx.channel(), key, parameters, transport(tls)))) {
            ctx.close();
        }
    }

    static String transport(@Nullable SslHandler tls) {
        return tls == null
                ? "plaintext"
                : tls.engine().getSession().getProtocol() + " "
                        + tls.engine().getSession().getCipherSuite();
    }

    private RuntimeException error(Report report) {
        LOG.warn("database `{}` refuses a session: {} (SQLSTATE {})", name, report.message(), report.sqlState());
        String state = report.sqlState();
        if (state.startsWith("22") || state.startsWith("42")) {
            // A setting that the server does not like is the client's own.
            return new ConnectionRefused(
                    new GatewayError(state, ErrorCode.UNSUPPORTED, report.message(), "", report.field('H')));
        }
        EnforcementException refused = refused("refuses the session (" + state + ")");
        if (state.startsWith("53") || state.equals(SqlState.CANNOT_CONNECT_NOW)) {
            // By these a client knows that it may try again.
            return new ConnectionRefused(new GatewayError(
                    state, refused.code(), String.valueOf(refused.getMessage()), "", "try again later"));
        }
        return refused;
    }

    private EnforcementException refused(String what) {
        return new EnforcementException(ErrorCode.UPSTREAM_UNAVAILABLE, "database `" + name + "` " + what);
    }

    private static String string(ByteBuf body) {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) {
            throw new IllegalStateException("a string without end");
        }
        String text = body.readCharSequence(length, StandardCharsets.UTF_8).toString();
        body.skipBytes(1);
        return text;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Throwable failure = cause instanceof EnforcementException || cause instanceof ConnectionRefused
                ? cause
                : new EnforcementException(
                        ErrorCode.UPSTREAM_UNAVAILABLE,
                        "the login to database `" + name + "` failed: " + cause.getMessage(),
                        cause);
        result.completeExceptionally(failure);
        ctx.close();
    }
}
