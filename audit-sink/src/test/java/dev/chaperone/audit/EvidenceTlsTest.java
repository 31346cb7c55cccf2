package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.EvidenceServiceGrpc;
import dev.chaperone.audit.v1.GetLedgerStatusRequest;
import dev.chaperone.audit.v1.LedgerStatus;
import dev.chaperone.testkit.SelfSigned;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets through to the evidence at all. */
final class EvidenceTlsTest {

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Test
    void onlyWhoseCertificateTheAuthoritySignsGetsThrough() throws Exception {
        SelfSigned sink = certificate("sink");
        SelfSigned console = certificate("console");
        SelfSigned stranger = certificate("stranger");
        Path ledger = directory.resolve("ledger");
        EvidenceConfig config = new EvidenceConfig(
                new EvidenceConfig.Listen(
                        "0.0.0.0",
                        0,
                        new EvidenceConfig.Tls(sink.certificate(), sink.key(), console.certificate()),
                        false),
                null,
                List.of(),
                1000);
        AuditSink writer = new AuditSink(SinkConfig.of("127.0.0.1:1", "topic", ledger), new SimpleMeterRegistry());
        try (EvidenceServer server = EvidenceServer.start(config, ledger, writer)) {
            assertThat(status(server.port(), tls(sink, console)).getPartitionsList())
                    .isEmpty();
            assertThat(Files.readString(server.accessFile())).contains("localhost", "eve");

            for (ChannelCredentials other : List.of(
                    tls(sink, stranger),
                    TlsChannelCredentials.newBuilder()
                            .trustManager(sink.certificate().toFile())
                            .build(),
                    InsecureChannelCredentials.create())) {
                assertThatThrownBy(() -> status(server.port(), other))
                        .isInstanceOf(StatusRuntimeException.class)
                        .hasMessageContaining("UNAVAILABLE");
            }
            assertThat(Files.readAllLines(server.accessFile())).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "10.1.2.3", "::", "", "no-such-host.invalid"})
    void plaintextIsServedToThisMachineAlone(String address) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceConfig.Listen(address, 0, null, true))
                .withMessageContaining("`tls`");
    }

    @Test
    void plaintextHasToBeNamedAndSomebodyHasToBeAbleToAsk() {
        assertThat(new EvidenceConfig.Listen("127.0.0.1", 0, null, true).plaintext())
                .isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceConfig.Listen("127.0.0.1", 0, null, false))
                .withMessageContaining("has to be named");
        assertThatIllegalArgumentException().isThrownBy(() -> new EvidenceConfig(null, null, List.of(), 1));
    }

    private SelfSigned certificate(String name) throws Exception {
        return SelfSigned.in(Files.createDirectory(directory.resolve(name)));
    }

    private static ChannelCredentials tls(SelfSigned server, SelfSigned client) throws Exception {
        return TlsChannelCredentials.newBuilder()
                .trustManager(server.certificate().toFile())
                .keyManager(client.certificate().toFile(), client.key().toFile())
                .build();
    }

    private static LedgerStatus status(int port, ChannelCredentials credentials) {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port, credentials).build();
        try {
            GetLedgerStatusRequest.Builder request = GetLedgerStatusRequest.newBuilder();
            request.getReaderBuilder().getPrincipalBuilder().setSubject("eve");
            return EvidenceServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(30, TimeUnit.SECONDS)
                    .getLedgerStatus(request.build());
        } finally {
            channel.shutdownNow();
        }
    }
}
