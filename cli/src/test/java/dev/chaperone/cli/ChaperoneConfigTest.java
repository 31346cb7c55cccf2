package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.cli.config.ConfigBinder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused of a whole configuration, although each section is one by itself. */
class ChaperoneConfigTest {

    private static final String TLS = ", tls: {certificate: pdp.pem, key: pdp.key}";
    private static final String MUTUAL = ", tls: {certificate: pdp.pem, key: pdp.key, client-ca: ca.pem}";
    private static final String PLAINTEXT = ", plaintext: true";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0" + TLS,
                "'::'" + TLS,
                "10.1.2.3" + PLAINTEXT,
                "pdp.example" + TLS,
                "127.0.0.1.example" + PLAINTEXT
            })
    void whoeverReachesTheDecisionPointFromElsewhereHasToProveToBeAnEnforcer(String listen) throws IOException {
        assertThatThrownBy(() -> bind(listen, ""))
                .hasMessageContaining("`pdp.listen`")
                .hasMessageContaining("`pdp.listen.tls.client-ca`")
                .hasMessageContaining("`approvals.unproven-enforcers: true`");

        assertThat(bind(listen, "unproven-enforcers: true").approvals()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0" + MUTUAL,
                "127.0.0.1" + PLAINTEXT,
                "127.8.8.8" + TLS,
                "'::1'" + TLS,
                "localhost" + PLAINTEXT
            })
    void whoeverHasProvedItOrIsOnThisMachineMayAsk(String listen) throws IOException {
        assertThat(Objects.requireNonNull(bind(listen, "").approvals()).unprovenEnforcers())
                .isFalse();
    }

    private ChaperoneConfig bind(String listen, String more) throws IOException {
        Path file = Files.writeString(directory.resolve("chaperone.yaml"), """
                pdp:
                  listen: {address: %s}
                approvals:
                  listen: {plaintext: true}
                  identity:
                    issuer: https://id.example
                    audiences: [chaperone]
                  %s
                """.formatted(listen, more));
        return ConfigBinder.bind(ChaperoneConfig.class, file, Map.of(), Set.of("pdp", "approvals"));
    }
}
