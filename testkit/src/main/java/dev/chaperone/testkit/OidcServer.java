package dev.chaperone.testkit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import no.nav.security.mock.oauth2.MockOAuth2Server;
import no.nav.security.mock.oauth2.OAuth2Config;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/**
 * A provider that answers for one issuer.
 *
 * @param issuer the issuer
 * @param key what it signs with
 * @param stop stops it
 */
record OidcServer(URI issuer, RSAKey key, Runnable stop) {

    private static final String ISSUER_ID = "chaperone";
    private static final String IMAGE = "ghcr.io/navikt/mock-oauth2-server:3.0.3";
    private static final int PORT = 8080;

    /** One in this process. */
    static OidcServer embedded(int port) {
        RSAKey key = newKey();
        MockOAuth2Server server = new MockOAuth2Server(OAuth2Config.Companion.fromJson(config(key)));
        server.start(InetAddress.getLoopbackAddress(), port);
        return new OidcServer(server.issuerUrl(ISSUER_ID).uri(), key, server::shutdown);
    }

    /** The same one in a container. */
    static OidcServer container(int port) {
        Containers.requireEngine();
        RSAKey key = newKey();
        GenericContainer<?> container = new GenericContainer<>(IMAGE)
                .withEnv("JSON_CONFIG", config(key))
                .withExposedPorts(PORT)
                .waitingFor(Wait.forHttp("/isalive"));
        if (port != 0) {
            container.setPortBindings(List.of(port + ":" + PORT));
        }
        container.start();
        URI issuer =
                URI.create("http://" + container.getHost() + ":" + container.getMappedPort(PORT) + "/" + ISSUER_ID);
        return new OidcServer(issuer, key, container::stop);
    }

    /** What the provider reads on its start: it signs with that key. */
    private static String config(RSAKey key) {
        return JSONObjectUtils.toJSONString(Map.of(
                "httpServer",
                "NettyWrapper",
                // Whoever signs in with a browser says who they are; the default makes somebody up.
                "interactiveLogin",
                true,
                "tokenProvider",
                Map.of("keyProvider", Map.of("initialKeys", key.toJSONString(), "algorithm", "RS256"))));
    }

    private static RSAKey newKey() {
        try {
            return new RSAKeyGenerator(2048).keyID(ISSUER_ID).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException("no key can be made: " + e.getMessage(), e);
        }
    }
}
