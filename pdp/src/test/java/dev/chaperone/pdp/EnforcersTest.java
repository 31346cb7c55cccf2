package dev.chaperone.pdp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EnforcersTest {

    private final Enforcers enforcers = new Enforcers();

    @Test
    void whoFollowsIsKnownWithWhatItWasToldAndWhenItLeft() {
        Enforcers.Following one = enforcers.follows("clinic");
        Enforcers.Following other = enforcers.follows("clinic");
        one.announced("v1");
        assertThat(only().streams()).isEqualTo(2);
        assertThat(only().announcedVersion()).as("one was not told yet").isEmpty();
        other.announced("v1");
        assertThat(only().announcedVersion()).isEqualTo("v1");
        assertThat(only().left()).isNull();

        one.ended();
        other.ended();
        other.ended();

        assertThat(only().streams()).isZero();
        assertThat(only().followsSince()).isNull();
        assertThat(only().left()).isNotNull();
    }

    @Test
    void whoAsksIsKnownByTheLastAnswer() {
        enforcers.decided("clinic", "v1");
        enforcers.decided("clinic", "v2");

        assertThat(only().decisions()).isEqualTo(2);
        assertThat(only().decidedVersion()).isEqualTo("v2");
        assertThat(only().lastDecision()).isNotNull();
    }

    @Test
    void madeUpNamesTakeABoundedRoom() {
        for (int i = 0; i < 5_000; i++) {
            enforcers.decided("enforcer-" + i, "v1");
        }
        enforcers.decided("x".repeat(10_000), "v1");

        assertThat(enforcers.list()).hasSize(1024);
    }

    private EnforcerStatus only() {
        assertThat(enforcers.list()).hasSize(1);
        return enforcers.list().get(0);
    }
}
