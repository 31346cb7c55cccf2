package dev.chaperone.cli;

import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.ApprovalServiceGrpc.ApprovalServiceBlockingStub;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the approval service is, and whose token is shown there: the options that its commands have in common. */
final class ApprovalsServer {

    private static final long CALL_SECONDS = 30;

    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            description = "the approval service; default is $$CHAPERONE_APPROVALS, else 127.0.0.1:7444")
    private @Nullable String server;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "PEM file of the authorities that sign its certificate; those of Java when left out")
    private @Nullable Path ca;

    @Option(
            names = "--plaintext",
            description = "connect without TLS: the token can be read on the way, so for one trusted machine only")
    private boolean plaintext;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "file with your token; default is the token in $$CHAPERONE_TOKEN")
    private @Nullable Path tokenFile;

    /** Makes calls, for a bounded time each; a refusal is told in the service's own words. */
    <T> T call(Terminal terminal, Function<ApprovalServiceBlockingStub, T> work) {
        return connected(terminal, stub -> work.apply(stub.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)));
    }

    /** Makes calls that may take for ever. */
    <T> T connected(Terminal terminal, Function<ApprovalServiceBlockingStub, T> work) {
        String token = token(terminal);
        String target =
                server != null ? server : terminal.environment().getOrDefault("CHAPERONE_APPROVALS", "127.0.0.1:7444");
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
        ManagedChannel channel = NettyChannelBuilder.forTarget("dns:///" + target, credentials(terminal))
                .build();
        try {
            return work.apply(ApprovalServiceGrpc.newBlockingStub(channel)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)));
        } catch (StatusRuntimeException e) {
            throw refusal(target, e);
        } finally {
            channel.shutdownNow();
        }
    }

    private static CommandException refusal(String target, StatusRuntimeException e) {
        Status status = e.getStatus();
        String words = status.getDescription() == null ? "" : Text.printable(status.getDescription());
        return switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED ->
                new CommandException(
                        "the approval service at `" + target + "` does not answer (" + words
                                + "); check --server, and --ca or --plaintext",
                        e);
            default ->
                new CommandException(words.isEmpty() ? "the approval service refused: " + status.getCode() : words, e);
        };
    }

    private String token(Terminal terminal) {
        String token;
        try {
            token = tokenFile == null
                    ? terminal.environment().getOrDefault("CHAPERONE_TOKEN", "")
                    : Files.readString(terminal.directory().resolve(tokenFile));
        } catch (IOException e) {
            throw new CommandException("the token cannot be read from `" + tokenFile + "`", e);
        }
        if (!token.strip().matches("[A-Za-z0-9._-]+")) {
            throw new CommandException(
                    "there is no token; put one of your identity provider into $CHAPERONE_TOKEN, or name a --token-file");
        }
        return token.strip();
    }

    private ChannelCredentials credentials(Terminal terminal) {
        if (plaintext) {
            return InsecureChannelCredentials.create();
        }
        try {
            return ca == null
                    ? TlsChannelCredentials.create()
                    : TlsChannelCredentials.newBuilder()
                            .trustManager(terminal.directory().resolve(ca).toFile())
                            .build();
        } catch (IOException e) {
            throw new CommandException("the certificates in `" + ca + "` cannot be read", e);
        }
    }
}
