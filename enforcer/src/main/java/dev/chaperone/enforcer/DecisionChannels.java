package dev.chaperone.enforcer;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.NameResolverRegistry;
import io.grpc.TlsChannelCredentials;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Opens channels to decision points as configured. */
final class DecisionChannels {

    // A peer that vanished without a word is noticed within the sum of the two, and with it a lost announcement stream.
    private static final long KEEP_ALIVE_SECONDS = 10;
    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 5;

    private static final int MAX_METADATA_BYTES = 16 << 10;

    /** Decisions change nothing, so an attempt on a connection that broke is made again on another, within the deadline. */
    private static final Map<String, ?> SERVICE_CONFIG = Map.of(
            "loadBalancingConfig", List.of(Map.of("round_robin", Map.of())),
            "methodConfig",
                    List.of(Map.of(
                            "name",
                                    List.of(Map.of(
                                            "service", "chaperone.decision.v1.DecisionService", "method", "Decide")),
                            "retryPolicy",
                                    Map.of(
                                            "maxAttempts",
                                            3d,
                                            "initialBackoff",
                                            "0.01s",
                                            "maxBackoff",
                                            "0.1s",
                                            "backoffMultiplier",
                                            2d,
                                            "retryableStatusCodes",
                                            List.of("UNAVAILABLE")))));

    private DecisionChannels() {}

    static ManagedChannel open(DecisionClientConfig config) {
        String first = config.targets().get(0);
        int maxResponse = Math.toIntExact(config.maxResponse().bytes());
        if (first.startsWith(DecisionClientConfig.IN_PROCESS)) {
            return InProcessChannelBuilder.forName(first.substring(DecisionClientConfig.IN_PROCESS.length()))
                    .directExecutor()
                    .maxInboundMessageSize(maxResponse)
                    .build();
        }
        return NettyChannelBuilder.forTarget(target(config.targets()), credentials(config))
                .directExecutor()
                .maxInboundMessageSize(maxResponse)
                .maxInboundMetadataSize(MAX_METADATA_BYTES)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                .disableServiceConfigLookUp()
                .defaultServiceConfig(SERVICE_CONFIG)
                .enableRetry()
                .build();
    }

    private static String target(List<String> targets) {
        if (targets.size() == 1) {
            return "dns:///" + HostPort.parse(targets.get(0)).authority();
        }
        NameResolverRegistry.getDefaultRegistry().register(HostListResolverProvider.INSTANCE);
        return HostListResolverProvider.target(targets);
    }

    private static ChannelCredentials credentials(DecisionClientConfig config) {
        DecisionClientConfig.Tls tls = config.tls();
        if (tls == null) {
            return InsecureChannelCredentials.create();
        }
        try {
            TlsChannelCredentials.Builder builder =
                    TlsChannelCredentials.newBuilder().trustManager(tls.ca().toFile());
            if (tls.certificate() != null && tls.key() != null) {
                builder.keyManager(tls.certificate().toFile(), tls.key().toFile());
            }
            return builder.build();
        } catch (IOException e) {
            throw new IllegalArgumentException("the decision point's `tls` files cannot be read: " + e.getMessage(), e);
        }
    }
}
