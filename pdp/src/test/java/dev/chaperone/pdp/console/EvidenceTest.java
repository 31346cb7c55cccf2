package dev.chaperone.pdp.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.SearchSessionsResponse;
import dev.chaperone.audit.v1.SessionEntry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvidenceTest {

    @Test
    void theAnswersOfSeveralSinksAreOnePageNewestFirst() {
        SearchSessionsResponse merged = Evidence.merged(
                List.of(
                        page(true, "", entry("a", 30), entry("c", 10)),
                        page(true, "10.0.d", entry("b", 20), entry("d", 10))),
                3);

        assertThat(merged.getSessionsList())
                .extracting(SessionEntry::getSessionId)
                .containsExactly("a", "b", "c");
        assertThat(merged.getNextPageToken())
                .as("each sink goes on behind the last that is shown, so that d comes next")
                .isEqualTo("10.0.c");
        assertThat(merged.getComplete()).isTrue();
    }

    @Test
    void thereIsNoNextPageWhenEverythingIsShownAndOneThatIsNotCompleteMakesAllSo() {
        SearchSessionsResponse merged =
                Evidence.merged(List.of(page(true, "", entry("a", 30)), page(false, "", entry("b", 20))), 50);

        assertThat(merged.getNextPageToken()).isEmpty();
        assertThat(merged.getComplete()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sink.example:7445", "10.1.2.3:7445", "0.0.0.0:7445"})
    void plaintextGoesToThisMachineAlone(String target) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceSourceConfig(List.of(target), null, true, Duration.ofSeconds(1)))
                .withMessageContaining("`tls`");
        assertThat(new EvidenceSourceConfig(List.of("localhost:7445"), null, true, Duration.ofSeconds(1)).plaintext())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "localhost:", ":7445", "a b:1", "user@localhost:1", "localhost:1/x"})
    void aTargetIsHostAndPort(String target) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceSourceConfig(List.of(target), null, true, Duration.ofSeconds(1)));
    }

    @Test
    void tlsOrPlaintextHasToBeNamedAndSomethingToAsk() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceSourceConfig(List.of("localhost:1"), null, false, Duration.ofSeconds(1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceSourceConfig(List.of(), null, true, Duration.ofSeconds(1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EvidenceSourceConfig(
                        List.of("in-process:a", "localhost:1"), null, true, Duration.ofSeconds(1)));
    }

    private static SessionEntry entry(String id, long began) {
        return SessionEntry.newBuilder()
                .setSessionId(id)
                .setBegan(Timestamp.newBuilder().setSeconds(began))
                .build();
    }

    private static SearchSessionsResponse page(boolean complete, String next, SessionEntry... entries) {
        return SearchSessionsResponse.newBuilder()
                .addAllSessions(List.of(entries))
                .setComplete(complete)
                .setNextPageToken(next)
                .build();
    }
}
