package dev.chaperone.enforcer;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetParseException;
import com.nimbusds.jose.jwk.source.JWKSetRetrievalException;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jose.util.Resource;
import com.nimbusds.jose.util.ResourceRetriever;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Fetches the provider's keys, finding their address by discovery each time (OpenID Connect Discovery 1.0 section 4), so that
 * a provider may move them. Blocks; caches nothing.
 */
final class ProviderKeys implements JWKSetSource<SecurityContext> {

    private static final int MIN_RSA_BITS = 2048;

    private final URI issuer;
    private final IdentityConfig.Keys config;
    private final ResourceRetriever retriever;

    /** When keys were last fetched, in epoch milliseconds. */
    private volatile long fetchedAt = Long.MIN_VALUE;

    /** Reads the trusted certificates; connects to nothing. */
    ProviderKeys(URI issuer, IdentityConfig.Keys config) {
        this.issuer = issuer;
        this.config = config;
        this.retriever = new DefaultResourceRetriever(
                (int) config.connectTimeout().toMillis(),
                (int) config.readTimeout().toMillis(),
                (int) config.maxSize().bytes(),
                true,
                socketFactory(config.trustedCertificates()));
    }

    @Override
    public JWKSet getJWKSet(
            JWKSetCacheRefreshEvaluator refreshEvaluator, long currentTime, @Nullable SecurityContext context)
            throws JWKSetUnavailableException {
        JWKSet fetched = fetch();
        fetchedAt = currentTime;
        return fetched;
    }

    /** Fetches the keys that may verify a token. */
    JWKSet fetch() throws JWKSetUnavailableException {
        URI address = config.jwksUri() == null ? discover() : config.jwksUri();
        try {
            List<JWK> usable = JWKSet.parse(get(address).getContent()).getKeys().stream()
                    .filter(ProviderKeys::isUsable)
                    .toList();
            return new JWKSet(usable);
        } catch (ParseException e) {
            throw new JWKSetParseException("`" + address + "` does not hold a key set", e);
        }
    }

    /** Whether keys were fetched so recently that they still are in use. */
    boolean isCurrent(long now) {
        return fetchedAt != Long.MIN_VALUE
                && now - fetchedAt < config.cacheTtl().toMillis();
    }

    @Override
    public void close() {}

    private URI discover() throws JWKSetUnavailableException {
        String base = issuer.toString().replaceAll("/$", "");
        URI address = URI.create(base + "/.well-known/openid-configuration");
        try {
            Map<String, Object> metadata = JSONObjectUtils.parse(get(address).getContent());
            if (!issuer.toString().equals(JSONObjectUtils.getString(metadata, "issuer"))) {
                throw new JWKSetRetrievalException(
                        "`" + address + "` describes another issuer than `" + issuer
                                + "`; configure the one it describes",
                        null);
            }
            URI keys = JSONObjectUtils.getURI(metadata, "jwks_uri");
            if (keys == null) {
                throw new JWKSetRetrievalException("`" + address + "` has no `jwks_uri`; configure `jwks-uri`", null);
            }
            IdentityConfig.requireSecure(keys, config.allowInsecureHttp());
            return keys;
        } catch (ParseException | IllegalArgumentException e) {
            throw new JWKSetRetrievalException("`" + address + "` cannot be used: " + e.getMessage(), e);
        }
    }

    private Resource get(URI address) throws JWKSetUnavailableException {
        try {
            return retriever.retrieveResource(address.toURL());
        } catch (IOException e) {
            throw new JWKSetRetrievalException("`" + address + "` cannot be read: " + e.getMessage(), e);
        }
    }

    /** Public keys of a length that RFC 7518 section 3.3 allows; never a shared secret. */
    private static boolean isUsable(JWK key) {
        return key instanceof ECKey || key instanceof RSAKey && key.size() >= MIN_RSA_BITS;
    }

    private static @Nullable SSLSocketFactory socketFactory(@Nullable Path certificates) {
        if (certificates == null) {
            return null;
        }
        try (InputStream in = Files.newInputStream(certificates)) {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                trusted.setCertificateEntry("authority-" + trusted.size(), certificate);
            }
            if (trusted.size() == 0) {
                throw new IllegalArgumentException("`" + certificates + "` holds no certificate in PEM");
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context.getSocketFactory();
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "`" + certificates + "` cannot be read as certificates in PEM: " + e.getMessage(), e);
        }
    }
}
