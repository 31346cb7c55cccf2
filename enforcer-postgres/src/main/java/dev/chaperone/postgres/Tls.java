package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Makes the TLS contexts of both hops. */
final class Tls {

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private Tls() {}

    static @Nullable SslContext server(PostgresConfig.Listen listen) {
        PostgresConfig.ServerTls tls = listen.tls();
        if (tls == null) {
            return null;
        }
        try {
            return SslContextBuilder.forServer(
                            tls.certificate().toFile(), tls.key().toFile())
                    .protocols(PROTOCOLS)
                    .build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new EnforcementException(
                    ErrorCode.INTERNAL,
                    "certificate `" + tls.certificate() + "` and key `" + tls.key()
                            + "` cannot be used; expected PEM, the key in PKCS#8 without a passphrase",
                    e);
        }
    }

    static @Nullable SslContext client(PostgresConfig.Upstream upstream) {
        if (upstream.tls() == PostgresConfig.TlsMode.DISABLE) {
            return null;
        }
        try {
            SslContextBuilder builder = SslContextBuilder.forClient().protocols(PROTOCOLS);
            if (upstream.tls() == PostgresConfig.TlsMode.REQUIRE) {
                builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm(null);
            } else {
                builder.endpointIdentificationAlgorithm("HTTPS");
                if (upstream.ca() != null) {
                    builder.trustManager(upstream.ca().toFile());
                }
            }
            return builder.build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new EnforcementException(
                    ErrorCode.INTERNAL, "the certificates in `" + upstream.ca() + "` cannot be used; expected PEM", e);
        }
    }
}
