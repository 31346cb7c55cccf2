package dev.chaperone.cli;

import dev.chaperone.decision.v1.Principal;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.OidcAuthenticator;
import dev.chaperone.pdp.DecisionServer;
import dev.chaperone.pdp.PolicyStatus;
import dev.chaperone.pdp.approval.ApprovalException;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import dev.chaperone.pdp.approval.ApprovalServer;
import dev.chaperone.pdp.approval.Approvals;
import dev.chaperone.pdp.approval.Channel;
import dev.chaperone.pdp.approval.KafkaChannel;
import dev.chaperone.pdp.console.ConsoleFacts;
import dev.chaperone.pdp.console.ConsoleServer;
import dev.chaperone.pdp.console.ServiceDesk;
import dev.chaperone.pdp.console.ServiceKeep;
import dev.chaperone.pdp.notify.NotifierConfig;
import dev.chaperone.pdp.notify.Notifiers;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The wiring of the approval service, beside the decision point that it belongs to. */
final class ApprovalsPart implements AutoCloseable {

    private final ApprovalsSection config;
    private final Approvals approvals;
    private final ApprovalServer server;
    private final @Nullable ConsoleServer console;
    private final Closing closing;

    private ApprovalsPart(
            ApprovalsSection config,
            Approvals approvals,
            ApprovalServer server,
            @Nullable ConsoleServer console,
            Closing closing) {
        this.config = config;
        this.approvals = approvals;
        this.server = server;
        this.console = console;
        this.closing = closing;
    }

    /** Opens the database, listens for people, and has the decision point serve enforcers once that starts. */
    static ApprovalsPart start(ApprovalsSection config, DecisionServer decisions, MeterRegistry meters) {
        Closing closing = new Closing();
        try {
            OidcAuthenticator authenticator = closing.add(new OidcAuthenticator(config.identity()));
            authenticator.start();
            Approvals approvals = closing.add(new Approvals(
                    config.service(),
                    () -> {
                        PolicyStatus status = decisions.policies().status();
                        return status == null ? "" : status.version();
                    },
                    channels(config)));
            approvals.start();
            ApprovalServer server =
                    closing.add(new ApprovalServer(config.listen(), approvals, token -> verify(authenticator, token)));
            server.start();
            decisions.serve(server.forEnforcers());
            ConsoleServer console = config.console() == null
                    ? null
                    : closing.add(new ConsoleServer(
                            config.console(),
                            new ServiceDesk(approvals),
                            new ServiceKeep(approvals.sealedValues()),
                            new ConsoleFacts(() -> decisions.policies().details(), decisions::enforcers),
                            meters));
            if (console != null) {
                console.start();
            }
            return new ApprovalsPart(config, approvals, server, console, closing);
        } catch (RuntimeException e) {
            closing.close();
            throw e;
        }
    }

    private static List<Channel> channels(ApprovalsSection config) {
        List<Channel> channels = new ArrayList<>(Notifiers.channels(config.notices()));
        if (config.kafka() != null) {
            channels.add(new KafkaChannel(config.kafka()));
        }
        return channels;
    }

    private static CompletionStage<Principal> verify(OidcAuthenticator authenticator, String token) {
        return authenticator
                .authenticate(token)
                .handle((person, failure) -> {
                    if (person != null) {
                        return CompletableFuture.completedStage(person);
                    }
                    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                            ? failure.getCause()
                            : failure;
                    return CompletableFuture.<Principal>failedStage(refusal(cause));
                })
                .thenCompose(stage -> stage);
    }

    private static ApprovalException refusal(Throwable cause) {
        if (cause instanceof EnforcementException refused) {
            Problem problem = switch (refused.code()) {
                case IDENTITY_UNAVAILABLE, OVERLOADED, INTERNAL -> Problem.UNAVAILABLE;
                default -> Problem.UNAUTHENTICATED;
            };
            return new ApprovalException(
                    problem, refused.getMessage() == null ? "the token is refused" : refused.getMessage(), refused);
        }
        return new ApprovalException(Problem.UNAVAILABLE, "the token could not be verified", cause);
    }

    /** The port at which people are served. */
    int port() {
        return server.port();
    }

    /** How browsers name the console; null for none. */
    @Nullable
    URI console() {
        return console == null ? null : console.origin();
    }

    /** Where people decide, and where that is kept; a line each. */
    List<String> banner() {
        List<String> lines = new ArrayList<>(List.of(
                "people decide at " + config.listen().address() + ":" + port() + " ("
                        + (config.listen().tls() == null ? "PLAINTEXT: tokens can be read on the way" : "TLS") + "), "
                        + (console == null ? "no console" : "in the console at " + console.origin()),
                "tokens of " + config.identity().issuer() + " for "
                        + String.join(", ", config.identity().audiences()),
                "kept in "
                        + (config.store().url() == null
                                ? "an embedded PostgreSQL in `" + config.store().directory() + "`, for one node"
                                : config.store().url())));
        if (config.notices().equals(NotifierConfig.NONE)) {
            lines.add(
                    "NO NOTICES: who does not look in the console, or watch, learns of nothing; not of broken glass either");
        }
        if (config.kafka() != null) {
            lines.add("every step goes to the topic " + config.kafka().topic() + " of Kafka at "
                    + config.kafka().bootstrapServers());
        }
        return lines;
    }

    /** Whether the database answers, and browsers are served. */
    void check() {
        approvals.check();
        if (console != null) {
            console.check();
        }
    }

    /** Ends the streams, for which the decision point would wait when it stops. */
    void drain() {
        server.drain();
    }

    @Override
    public void close() {
        closing.close();
    }
}
