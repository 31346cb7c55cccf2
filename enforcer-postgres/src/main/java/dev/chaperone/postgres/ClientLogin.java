package dev.chaperone.postgres;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Authenticated;
import dev.chaperone.audit.v1.AuthenticationFailed;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.proto.ErrorCode;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's way from its token to its session: open a record, verify the token, record who it is, take a place, log in to
 * the database. Used on the connection's event loop only.
 */
final class ClientLogin {

    private static final Logger LOG = LoggerFactory.getLogger(ClientLogin.class);

    /** Learns how it ends, once. */
    interface Outcome {

        /** The session has begun. */
        void opened(Session session);

        /** There will be no session. */
        void refused(GatewayError error);
    }

    private final Front front;
    private final Channel client;
    private final StartupParameters startup;
    private final Upstreams.Choice choice;
    private final Outcome outcome;
    private final @Nullable SslHandler tls;
    private @Nullable SessionRecorder recorder;
    private boolean placeTaken;
    private boolean over;

    /**
     * @param startup what the client asked for
     * @param outcome learns how it ends
     */
    ClientLogin(Front front, Channel client, StartupParameters startup, Outcome outcome) {
        this.front = front;
        this.client = client;
        this.startup = startup;
        this.choice = front.upstreams().choose(startup.database());
        this.outcome = outcome;
        this.tls = client.pipeline().get(SslHandler.class);
    }

    /** Begins with what the client gave as its password. */
    void begin(String token) {
        SessionRecorder opened;
        try {
            opened = front.recorder().open(opening());
        } catch (EnforcementException e) {
            refuse(GatewayError.of(e));
            return;
        }
        recorder = opened;
        front.authenticator()
                .authenticate(token)
                .whenComplete((principal, failure) -> next(() -> {
                    if (failure != null) {
                        authenticationFailed(opened, failure);
                    } else {
                        authenticated(opened, principal);
                    }
                }));
    }

    /** The connection is over before there is a session. */
    void abandon() {
        if (over) {
            return;
        }
        over = true;
        if (placeTaken) {
            front.sessions().leave();
        }
        if (recorder != null) {
            recorder.close(SessionClosed.newBuilder().setCause("error").build());
        }
    }

    private SessionOpened.Builder opening() {
        SessionOpened.Builder opening = SessionOpened.newBuilder()
                .setKind(SessionOpened.Kind.KIND_CLIENT)
                .setProtocol("postgres")
                .setClientAddress(Peer.of(client).address())
                .setClientTransport(UpstreamLogin.transport(tls));
        if (choice instanceof Upstreams.Choice.Found found) {
            Upstream upstream = found.services().upstream();
            opening.setUpstream(upstream.name())
                    .setUpstreamTransport(upstream.transport())
                    .addAllUpstreamRoleExcesses(upstream.roleExcesses());
        }
        return opening;
    }

    private void authenticationFailed(SessionRecorder record, Throwable failure) {
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
                .whenComplete((done, impossible) -> next(() -> refuse(error)));
    }

    private void authenticated(SessionRecorder record, Principal principal) {
        CompletableFuture<Void> recorded = record.record(AuditEvent.newBuilder()
                .setAuthenticated(Authenticated.newBuilder().setPrincipal(principal)));
        if (choice instanceof Upstreams.Choice.Refused refused) {
            recorded.whenComplete((done, failure) -> next(() -> refuse(refused.error())));
        } else if (!front.sessions().enter()) {
            GatewayError full = GatewayError.of(
                    ErrorCode.OVERLOADED, "the gateway has no room for another session", "try again later");
            recorded.whenComplete((done, failure) -> next(() -> refuse(full)));
        } else if (choice instanceof Upstreams.Choice.Found found) {
            placeTaken = true;
            Peer peer = Peer.of(client);
            Caller caller =
                    new Caller(principal, peer.host(), front.zones().of(peer.network()), tls != null, startup, record);
            Decider decider = new Decider(found.services(), caller, client.eventLoop());
            new StartupSettings(decider, caller)
                    .decide(
                            () -> next(() -> enter(found.services(), caller, decider, recorded)),
                            error -> next(() -> refuse(error)));
        }
    }

    /** Logs in to the database. */
    private void enter(Services services, Caller caller, Decider decider, CompletableFuture<Void> recorded) {
        CompletableFuture<UpstreamConnection> connected =
                services.connector().connect(client.eventLoop(), startup.settings());
        recorded.thenCombine(connected, (nothing, upstream) -> upstream)
                .whenComplete((upstream, failure) -> client.eventLoop().execute(() -> {
                    if (failure != null || over || !client.isActive()) {
                        connected.thenAccept(unused -> unused.channel().close());
                    }
                    if (over || !client.isActive()) {
                        return;
                    }
                    if (failure == null) {
                        over = true;
                        outcome.opened(new Session(services, caller, decider, client, upstream));
                    } else {
                        refuse(cannotBeServed(unwrap(failure)));
                    }
                }));
    }

    private static GatewayError cannotBeServed(Throwable failure) {
        if (failure instanceof ConnectionRefused refused) {
            return refused.error();
        }
        if (failure instanceof EnforcementException e) {
            LOG.warn("a session cannot be served: {}", e.getMessage(), e.getCause());
            return GatewayError.of(e);
        }
        LOG.error("a session cannot be served by a defect", failure);
        return GatewayError.of(ErrorCode.INTERNAL, "a defect in the gateway; its log says more");
    }

    private void refuse(GatewayError error) {
        abandon();
        outcome.refused(error);
    }

    /** Goes on, on the event loop, unless it is over. */
    private void next(Runnable step) {
        client.eventLoop().execute(() -> {
            if (!over) {
                step.run();
            }
        });
    }

    private static Throwable unwrap(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
