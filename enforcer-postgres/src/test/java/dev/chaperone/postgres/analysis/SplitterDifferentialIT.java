package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Whether a text is one statement, and where it is cut if it is not: the server's own word against ours. */
class SplitterDifferentialIT {

    private static final int ROUNDS = 12_000;

    @Test
    void theServerCutsWhereWeDo() throws IOException {
        SplitterTexts texts = new SplitterTexts(2026);
        try (SplitterDifferential server = new SplitterDifferential()) {
            for (int round = 0; round < ROUNDS; round++) {
                server.check(texts.next());
            }
            assertThat(server.one()).isGreaterThan(1000);
            assertThat(server.several()).isGreaterThan(500);
        }
    }
}
