package dev.chaperone.postgres;

import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Who is on the other side of a client's connection, as far as the connection tells.
 *
 * @param host address without port; {@code local} for one that came through a Unix socket
 * @param address the same with the port
 * @param machine true when nothing of the connection leaves this machine
 * @param network the address, which is the loopback's for a Unix socket; null where it is not known
 */
record Peer(
        String host,
        String address,
        boolean machine,
        @Nullable InetAddress network) {

    private static final Peer LOCAL = new Peer("local", "local", true, InetAddress.getLoopbackAddress());
    private static final Peer UNKNOWN = new Peer("unknown", "unknown", false, null);

    static Peer of(Channel channel) {
        SocketAddress remote = channel.remoteAddress();
        if (remote instanceof UnixDomainSocketAddress || remote instanceof DomainSocketAddress) {
            return LOCAL;
        }
        if (remote instanceof InetSocketAddress inet && inet.getAddress() != null) {
            InetAddress address = inet.getAddress();
            String host = address.getHostAddress();
            String printed = host.indexOf(':') < 0 ? host : '[' + host + ']';
            return new Peer(host, printed + ':' + inet.getPort(), address.isLoopbackAddress(), address);
        }
        return UNKNOWN;
    }
}
