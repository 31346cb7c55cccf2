package dev.chaperone.enforcer;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * A configured network peer.
 *
 * @param host name or literal address; an IPv6 literal is in brackets
 * @param port TCP port
 */
record HostPort(String host, int port) {

    /**
     * Reads {@code host:port}.
     *
     * @throws IllegalArgumentException when the text is not that
     */
    static HostPort parse(String text) {
        try {
            URI uri = new URI("peer", text, null, null, null).parseServerAuthority();
            String host = uri.getHost();
            if (host != null && uri.getUserInfo() == null && uri.getPort() > 0 && uri.getPort() <= 65_535) {
                return new HostPort(host, uri.getPort());
            }
        } catch (URISyntaxException e) {
            // Falls through to the one message.
        }
        throw new IllegalArgumentException(
                "`" + text + "` is not a peer; write `host:port`, or `[address]:port` for IPv6");
    }

    /** The literal form, as in a URI's authority. */
    String authority() {
        return host + ":" + port;
    }

    /** The host as name resolution wants it, without brackets. */
    String lookupName() {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }
}
