package dev.chaperone.enforcer;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Resolves a configured list of peers, {@code chaperone-hosts:///host:port,host:port}: each name to all of its addresses,
 * and each address trusted under its own name.
 */
final class HostListResolverProvider extends NameResolverProvider {

    static final HostListResolverProvider INSTANCE = new HostListResolverProvider();

    private static final String SCHEME = "chaperone-hosts";

    private HostListResolverProvider() {}

    static String target(List<String> peers) {
        return SCHEME + ":///"
                + peers.stream().map(peer -> HostPort.parse(peer).authority()).collect(Collectors.joining(","));
    }

    @Override
    public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
        if (!SCHEME.equals(target.getScheme())) {
            return null;
        }
        List<HostPort> peers = new ArrayList<>();
        for (String peer : target.getPath().substring(1).split(",", -1)) {
            peers.add(HostPort.parse(peer));
        }
        Executor offload = args.getOffloadExecutor();
        return new HostListResolver(peers, offload == null ? Runnable::run : offload);
    }

    @Override
    public String getDefaultScheme() {
        return SCHEME;
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        // Below every other, so that no target without a scheme ever comes here.
        return 0;
    }

    /** Looks the names up off the channel's own thread. */
    private static final class HostListResolver extends NameResolver {

        private final List<HostPort> peers;
        private final Executor offload;
        private volatile @Nullable Listener2 listener;

        HostListResolver(List<HostPort> peers, Executor offload) {
            this.peers = List.copyOf(peers);
            this.offload = offload;
        }

        @Override
        public String getServiceAuthority() {
            return peers.get(0).authority();
        }

        @Override
        public void start(Listener2 newListener) {
            listener = newListener;
            refresh();
        }

        @Override
        public void refresh() {
            offload.execute(this::resolve);
        }

        private void resolve() {
            Listener2 to = listener;
            if (to == null) {
                return;
            }
            List<EquivalentAddressGroup> groups = new ArrayList<>();
            for (HostPort peer : peers) {
                addAddresses(peer, groups);
            }
            if (groups.isEmpty()) {
                to.onError(Status.UNAVAILABLE.withDescription("none of the decision points' names can be resolved"));
                return;
            }
            to.onResult(ResolutionResult.newBuilder()
                    .setAddressesOrError(StatusOr.fromValue(groups))
                    .build());
        }

        private static void addAddresses(HostPort peer, List<EquivalentAddressGroup> groups) {
            Attributes attributes = Attributes.newBuilder()
                    .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, peer.authority())
                    .build();
            try {
                for (InetAddress address : InetAddress.getAllByName(peer.lookupName())) {
                    groups.add(new EquivalentAddressGroup(new InetSocketAddress(address, peer.port()), attributes));
                }
            } catch (UnknownHostException e) {
                // The other peers serve; the channel asks again when it reconnects.
            }
        }

        @Override
        public void shutdown() {
            listener = null;
        }
    }
}
