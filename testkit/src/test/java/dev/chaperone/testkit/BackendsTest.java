package dev.chaperone.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class BackendsTest {

    @Test
    void embeddedUnlessContainersAreAskedFor() {
        assertThat(Backends.mode(null)).isEqualTo(Backends.Mode.EMBEDDED);
        assertThat(Backends.mode("auto")).isEqualTo(Backends.Mode.EMBEDDED);
        assertThat(Backends.mode("Containers")).isEqualTo(Backends.Mode.CONTAINERS);
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backends.mode("docker"))
                .withMessageContaining("`docker`");
    }
}
