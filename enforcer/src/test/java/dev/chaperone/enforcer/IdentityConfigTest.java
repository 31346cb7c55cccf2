package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Setting;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityConfigTest {

    private static final URI ISSUER = URI.create("https://issuer.example/realm");
    private static final List<String> AUDIENCES = List.of("chaperone");

    @ParameterizedTest
    @ValueSource(strings = {"none", "HS256", "HS512", "RSA1_5", "rs256", ""})
    void refusesAlgorithmsThatCannotBeTrusted(String algorithm) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withAlgorithms(List.of("ES256", algorithm)))
                .withMessageContaining("`" + algorithm + "`");
        assertThatIllegalArgumentException().isThrownBy(() -> withAlgorithms(List.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://issuer.example",
                "issuer",
                "ftp://issuer.example",
                "http://127.evil.example",
                "https:///x"
            })
    void refusesAddressesThatAreNotProtected(String issuer) {
        assertThatIllegalArgumentException().isThrownBy(() -> IdentityConfig.of(URI.create(issuer), AUDIENCES));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://localhost:8080/a", "http://127.0.0.1:1", "http://[::1]:1", "https://issuer.example"})
    void acceptsTlsAndTheLocalHost(String issuer) {
        assertThatCode(() -> IdentityConfig.of(URI.create(issuer), AUDIENCES)).doesNotThrowAnyException();
    }

    @Test
    void acceptsPlainHttpByName() {
        IdentityConfig.Keys keys = keys(URI.create("http://keys.example/jwks"), true);
        assertThat(IdentityConfig.of(ISSUER, AUDIENCES).withKeys(keys).keys().jwksUri())
                .hasHost("keys.example");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdentityConfig.of(ISSUER, AUDIENCES)
                        .withKeys(keys(URI.create("http://keys.example/jwks"), false)));
    }

    @Test
    void refusesAnEmptyAudience() {
        assertThatIllegalArgumentException().isThrownBy(() -> IdentityConfig.of(ISSUER, List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> IdentityConfig.of(ISSUER, List.of(" ")));
    }

    @Test
    void refusesAClientOfTwoKinds() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new IdentityConfig.Claims(
                        "groups", List.of("azp"), List.of(), List.of("portal"), List.of("portal")))
                .withMessageContaining("portal");
    }

    @Test
    void refusesUnreadableCertificates() {
        IdentityConfig.Keys keys = new IdentityConfig.Keys(
                null,
                Duration.ofMinutes(5),
                Duration.ZERO,
                Duration.ofSeconds(30),
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                new ByteSize(1024),
                false,
                Path.of("no-such-file.pem"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OidcAuthenticator(
                        IdentityConfig.of(ISSUER, AUDIENCES).withKeys(keys)))
                .withMessageContaining("no-such-file.pem");
    }

    /** The factory says the same as the annotations that the binder and the reference page go by. */
    @Test
    void defaultsAgreeWithTheirDescription() throws ReflectiveOperationException {
        IdentityConfig config = IdentityConfig.of(ISSUER, AUDIENCES);
        for (Record part : List.of(config, config.keys(), config.claims())) {
            for (RecordComponent component : part.getClass().getRecordComponents()) {
                Setting setting = component.getAnnotation(Setting.class);
                assertThat(setting).as(component.getName()).isNotNull();
                if (!setting.defaultValue().isEmpty()) {
                    Object value = component.getAccessor().invoke(part);
                    assertThat(written(value)).as(component.getName()).isEqualTo(setting.defaultValue());
                }
            }
        }
    }

    private static String written(Object value) {
        if (value instanceof List<?> list) {
            return list.isEmpty()
                    ? "[]"
                    : String.join(", ", list.stream().map(Object::toString).toList());
        }
        if (value instanceof Duration duration) {
            return duration.toMinutes() > 0 ? duration.toMinutes() + "m" : duration.toSeconds() + "s";
        }
        return value.toString();
    }

    private static IdentityConfig withAlgorithms(List<String> algorithms) {
        IdentityConfig usual = IdentityConfig.of(ISSUER, AUDIENCES);
        return new IdentityConfig(
                ISSUER,
                AUDIENCES,
                algorithms,
                usual.clockSkew(),
                false,
                usual.maxTokenSize(),
                1,
                1,
                usual.timeout(),
                usual.keys(),
                usual.claims());
    }

    private static IdentityConfig.Keys keys(URI jwksUri, boolean allowInsecureHttp) {
        IdentityConfig.Keys usual = IdentityConfig.Keys.defaults();
        return new IdentityConfig.Keys(
                jwksUri,
                usual.cacheTtl(),
                usual.outageTolerance(),
                usual.refetchInterval(),
                usual.connectTimeout(),
                usual.readTimeout(),
                usual.maxSize(),
                allowInsecureHttp,
                null);
    }
}
