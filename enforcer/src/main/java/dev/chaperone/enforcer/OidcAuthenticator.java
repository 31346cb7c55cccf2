package dev.chaperone.enforcer;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.proto.ErrorCode;
import java.time.Clock;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Authenticates with the tokens of one OpenID Connect provider.
 *
 * <p>The provider's keys are fetched when first needed and kept; a token with an unknown key id has them fetched again, within
 * a rate. Tokens are verified on a few threads of its own: callers complete there, and hop back to their own.
 */
public final class OidcAuthenticator implements Authenticator, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OidcAuthenticator.class);

    private final IdentityConfig config;
    private final ProviderKeys provider;
    private final JWKSource<SecurityContext> keys;
    private final TokenVerifier verifier;
    private final PrincipalClaims claims;
    private final ThreadPoolExecutor executor;

    /**
     * Connects to nothing yet.
     *
     * @throws IllegalArgumentException when the configured certificates cannot be read
     */
    public OidcAuthenticator(IdentityConfig config) {
        this(config, Clock.systemUTC());
    }

    OidcAuthenticator(IdentityConfig config, Clock clock) {
        this.config = config;
        this.provider = new ProviderKeys(config.issuer(), config.keys());
        this.keys = cached(provider, config);
        this.verifier = new TokenVerifier(config, provider, keys, clock);
        this.claims = new PrincipalClaims(config.claims());
        this.executor = executor(config);
    }

    private static JWKSource<SecurityContext> cached(ProviderKeys provider, IdentityConfig config) {
        long tolerance = config.keys().outageTolerance().toMillis();
        JWKSourceBuilder<SecurityContext> builder = JWKSourceBuilder.create(provider)
                .cache(config.keys().cacheTtl().toMillis(), config.timeout().toMillis())
                .refreshAheadCache(false)
                .rateLimited(config.keys().refetchInterval().toMillis())
                .retrying(true);
        return (tolerance > 0 ? builder.outageTolerant(tolerance) : builder.outageTolerant(false)).build();
    }

    private static ThreadPoolExecutor executor(IdentityConfig config) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                config.threads(),
                config.threads(),
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(config.queue()),
                task -> {
                    Thread thread = new Thread(task, "chaperone-identity-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Begins to fetch the provider's keys, so that the first caller need not wait; a failure is logged and not final. */
    public void start() {
        executor.execute(() -> {
            try {
                keys.get(new JWKSelector(new JWKMatcher.Builder().build()), null);
            } catch (JOSEException | RuntimeException e) {
                LOG.warn("the identity provider `{}` does not answer yet: {}", config.issuer(), e.getMessage());
            }
        });
    }

    /**
     * Asks the provider for its keys, past the cache. Blocks.
     *
     * @throws EnforcementException with IDENTITY_UNAVAILABLE when they cannot be had or hold none that could verify a token
     */
    public void check() {
        try {
            if (provider.fetch().isEmpty()) {
                throw new EnforcementException(
                        ErrorCode.IDENTITY_UNAVAILABLE,
                        "the identity provider `" + config.issuer()
                                + "` publishes no usable key; it needs an EC key or an RSA key of 2048 bits");
            }
        } catch (JWKSetUnavailableException e) {
            throw new EnforcementException(
                    ErrorCode.IDENTITY_UNAVAILABLE,
                    "the identity provider `" + config.issuer() + "` cannot be used: " + e.getMessage(),
                    e);
        }
    }

    @Override
    public CompletionStage<Principal> authenticate(String token) {
        if (token.isEmpty() || token.length() > config.maxTokenSize().bytes()) {
            return CompletableFuture.failedFuture(new EnforcementException(
                    ErrorCode.TOKEN_MALFORMED,
                    "the token has `" + token.length() + "` characters; at least 1 and at most "
                            + config.maxTokenSize().bytes() + " are accepted"));
        }
        CompletableFuture<Principal> verified = new CompletableFuture<>();
        try {
            executor.execute(() -> verify(token, verified));
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new EnforcementException(
                    ErrorCode.OVERLOADED,
                    "too many tokens are being verified, or the enforcer stops; try again later",
                    e));
        }
        CompletableFuture<Principal> result = new CompletableFuture<>();
        verified.orTimeout(config.timeout().toMillis(), TimeUnit.MILLISECONDS).whenComplete((principal, failure) -> {
            if (failure == null) {
                result.complete(principal);
            } else {
                result.completeExceptionally(refusal(failure));
            }
        });
        return result;
    }

    /** Stops at once: tokens still being verified are refused when their time is over. */
    @Override
    public void close() {
        executor.shutdownNow();
    }

    private void verify(String token, CompletableFuture<Principal> result) {
        if (result.isDone()) {
            return;
        }
        try {
            result.complete(claims.principal(verifier.verify(token), token));
        } catch (RuntimeException | StackOverflowError e) {
            result.completeExceptionally(e);
        }
    }

    private static EnforcementException refusal(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof EnforcementException refusal) {
            return refusal;
        }
        if (cause instanceof TimeoutException timeout) {
            return TokenVerifier.unavailable(timeout);
        }
        LOG.error(
                "a token could not be verified for a defect: {}",
                cause.getClass().getName());
        return new EnforcementException(ErrorCode.INTERNAL, "the token could not be verified", cause);
    }
}
