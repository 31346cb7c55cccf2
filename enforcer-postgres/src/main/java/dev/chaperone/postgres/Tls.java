package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Makes the TLS contexts of both hops. */
final class Tls {

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    /** What PostgreSQL's own protocol is called where TLS negotiates protocols (RFC 7301). */
    private static final String ALPN = "postgresql";

    private Tls() {}

    /** True when client and gateway agreed by TLS that this is PostgreSQL's protocol. */
    static boolean negotiatedPostgres(SslHandler handler) {
        return ALPN.equals(handler.applicationProtocol());
    }

    static @Nullable SslContext server(PostgresConfig.Listen listen) {
        PostgresConfig.ServerTls tls = listen.tls();
        if (tls == null) {
            return null;
        }
        try {
            return SslContextBuilder.forServer(
                            tls.certificate().toFile(), tls.key().toFile())
                    .protocols(PROTOCOLS)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            // A client that wants another protocol than this is at the wrong place.
                            ApplicationProtocolConfig.SelectorFailureBehavior.FATAL_ALERT,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            ALPN))
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
