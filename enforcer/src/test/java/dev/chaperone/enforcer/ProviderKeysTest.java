package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.jwk.ECKey;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.proto.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProviderKeysTest extends AuthenticatorFixture {

    @Test
    void followsRotatedKeysButAsksRarely() {
        ECKey first = provider.key().toECKey();
        accept(TestingProvider.sign(first, claims().build()));
        assertThat(provider.keySetRequests).hasValue(1);
        ECKey second = TestingProvider.ecKey("second");
        provider.rotateTo(second);
        accept(TestingProvider.sign(second, claims().build()));
        assertThat(provider.keySetRequests).hasValue(2);
        refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(first, claims().build()));
        for (int i = 0; i < 20; i++) {
            refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(TestingProvider.ecKey("k" + i), claims().build()));
        }
        accept(TestingProvider.sign(second, claims().build()));
        assertThat(provider.keySetRequests.get()).isLessThanOrEqualTo(3);
    }

    @Test
    void reportsAProviderThatIsDown() {
        provider.close();
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(authenticator::check)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE));
    }

    @Test
    void goesOnWithCachedKeysWhileTheProviderIsDown() {
        accept(token(claims -> {}));
        provider.close();
        accept(token(claims -> {}));
    }

    @Test
    void refusesAProviderThatDescribesAnother() {
        provider.describedIssuer = "https://other.example";
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://keys.example/jwks", "file:///etc/passwd", "", "not an address"})
    void refusesAProviderWhoseKeysAreUnprotected(String address) {
        provider.describedKeys = address;
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
    }

    @Test
    void boundsWhatAProviderSends() {
        provider.padding = "x".repeat(300 << 10);
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
    }

    @Test
    void givesUpOnAProviderThatHangsAndBoundsTheWait() {
        provider.gate = new CountDownLatch(1);
        OidcAuthenticator small = open(config(1, 1, Duration.ofMillis(300)));
        String token = token(claims -> {});
        CompletableFuture<Principal> working = small.authenticate(token).toCompletableFuture();
        CompletableFuture<Principal> waiting = small.authenticate(token).toCompletableFuture();
        CompletableFuture<Principal> refused = small.authenticate(token).toCompletableFuture();
        assertThat(codeOf(refused)).isEqualTo(ErrorCode.OVERLOADED);
        assertThat(codeOf(working)).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE);
        assertThat(codeOf(waiting)).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE);
    }

    @Test
    void checksTheProviderAndWarmsItsKeys() {
        assertThatCode(authenticator::check).doesNotThrowAnyException();
        provider.rotateTo();
        assertThatExceptionOfType(EnforcementException.class).isThrownBy(authenticator::check);
        provider.rotateTo(TestingProvider.ecKey("first"));
        int asked = provider.keySetRequests.get();
        OidcAuthenticator one = open(config(1, 8, Duration.ofSeconds(10)));
        one.start();
        one.authenticate(TestingProvider.sign(provider.key(), claims().build()))
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(provider.keySetRequests).hasValue(asked + 1);
    }

    @Test
    void refusesAfterClose() {
        OidcAuthenticator closed = open(config());
        closed.close();
        assertThat(codeOf(closed.authenticate(token(claims -> {})).toCompletableFuture()))
                .isEqualTo(ErrorCode.OVERLOADED);
    }

    @Test
    void usesStaleKeysOnlyAsLongAsConfigured() {
        OidcAuthenticator tolerant = open(config().withKeys(shortLived(Duration.ofHours(1))));
        OidcAuthenticator strict = open(config().withKeys(shortLived(Duration.ZERO)));
        String token = token(claims -> {});
        for (OidcAuthenticator warmed : List.of(tolerant, strict)) {
            warmed.authenticate(token)
                    .toCompletableFuture()
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
        }
        provider.close();
        // Warmed after the other one: once its keys are stale, both are.
        while (!strict.authenticate(token)
                .handle((principal, failure) -> failure != null)
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join()) {
            Thread.onSpinWait();
        }
        assertThat(codeOf(strict.authenticate(token).toCompletableFuture())).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE);
        assertThat(tolerant.authenticate(token)
                        .toCompletableFuture()
                        .orTimeout(20, TimeUnit.SECONDS)
                        .join()
                        .getSubject())
                .isEqualTo("dr.roe");
    }

    private static IdentityConfig.Keys shortLived(Duration outageTolerance) {
        IdentityConfig.Keys usual = IdentityConfig.Keys.defaults();
        return new IdentityConfig.Keys(
                null,
                Duration.ofMillis(200),
                outageTolerance,
                Duration.ofMillis(1),
                usual.connectTimeout(),
                usual.readTimeout(),
                usual.maxSize(),
                false,
                null);
    }
}
