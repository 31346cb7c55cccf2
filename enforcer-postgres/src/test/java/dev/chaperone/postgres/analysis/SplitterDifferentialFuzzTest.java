package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.postgres.FuzzInput;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What {@link SplitterDifferentialIT} does, for as long as the fuzz tests run and with other texts each time. */
class SplitterDifferentialFuzzTest {

    @Test
    void theServerCutsWhereWeDo() throws IOException {
        long seed = new Random().nextLong();
        SplitterTexts texts = new SplitterTexts(seed);
        long deadline = System.nanoTime() + FuzzInput.seconds() * 1_000_000_000L;
        try (SplitterDifferential server = new SplitterDifferential()) {
            while (System.nanoTime() - deadline < 0) {
                server.check(texts.next());
            }
            assertThat(server.several()).as("texts of seed " + seed).isPositive();
        }
    }
}
