package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.proto.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecisionClientConfigTest {

    private static final DecisionClientConfig.Tls TLS = new DecisionClientConfig.Tls(Path.of("ca.pem"), null, null);

    @Test
    void plaintextHasToBeNamed() {
        assertThatThrownBy(() -> config(List.of("pdp:7443"), null, false)).hasMessageContaining("plaintext: true");
        assertThatThrownBy(() -> config(List.of("pdp:7443"), TLS, true)).hasMessageContaining("not both");
        assertThat(config(List.of("pdp:7443"), TLS, false).plaintext()).isFalse();
        assertThat(config(List.of("in-process:pdp"), null, false).tls()).isNull();
    }

    @Test
    void anInProcessTargetStandsAlone() {
        assertThatThrownBy(() -> config(List.of("in-process:pdp", "pdp:7443"), null, true))
                .hasMessageContaining("name one");
        assertThatThrownBy(() -> config(List.of(), null, true)).hasMessageContaining("at least one");
    }

    @Test
    void certificateAndKeyGoTogether() {
        assertThatThrownBy(() -> new DecisionClientConfig.Tls(Path.of("ca.pem"), Path.of("cert.pem"), null))
                .hasMessageContaining("go together");
    }

    @ParameterizedTest
    @CsvSource({
        "pdp:7443,pdp,7443",
        "127.0.0.1:1,127.0.0.1,1",
        "[::1]:65535,::1,65535",
        "pdp.example.org:80,pdp.example.org,80"
    })
    void readsPeers(String text, String lookupName, int port) {
        HostPort peer = HostPort.parse(text);

        assertThat(peer.lookupName()).isEqualTo(lookupName);
        assertThat(peer.port()).isEqualTo(port);
        assertThat(peer.authority()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "pdp",
                "pdp:",
                "pdp:0",
                "pdp:65536",
                "pdp:x",
                ":1",
                "user@pdp:1",
                "pdp:1/path",
                "::1:80",
                "a b:1",
                "a,b:1"
            })
    void refusesWhatIsNoPeer(String text) {
        assertThatThrownBy(() -> HostPort.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("`" + text + "` is not a peer");
    }

    private static DecisionClientConfig config(
            List<String> targets, DecisionClientConfig.@Nullable Tls tls, boolean plaintext) {
        return new DecisionClientConfig(
                targets,
                tls,
                plaintext,
                Duration.ofMillis(250),
                16,
                new ByteSize(1 << 20),
                DecisionClientConfig.Cache.DEFAULTS);
    }
}
