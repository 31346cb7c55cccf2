package dev.chaperone.pdp.notify;

import dev.chaperone.proto.Secret;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;

/** Where a web-hook posts to. It is never printed: who knows the address of a chat's web-hook can write to the chat. */
final class WebhookAddress {

    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    private WebhookAddress() {}

    /** @throws IllegalArgumentException when nothing can, or should, be posted there */
    static URI of(Secret url, boolean plaintext) {
        URI address;
        try {
            address = new URI(url.value().strip());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("`url` does not refer to a URL"); // whose text is a secret
        }
        boolean http = "http".equalsIgnoreCase(address.getScheme());
        if (address.getHost() == null || !http && !"https".equalsIgnoreCase(address.getScheme())) {
            throw new IllegalArgumentException("`url` does not refer to an address that begins with `https://`");
        }
        if (http && !plaintext && !THIS_MACHINE.contains(address.getHost())) {
            throw new IllegalArgumentException(
                    "`url` refers to an address without TLS; use `https`, or `plaintext: true`");
        }
        return address;
    }
}
