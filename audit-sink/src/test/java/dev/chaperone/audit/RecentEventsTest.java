package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.RecentEvents.Relation;
import dev.chaperone.audit.v1.AuditEvent;
import org.junit.jupiter.api.Test;

final class RecentEventsTest {

    private static final byte[] ONE = {1};
    private static final byte[] TWO = {2};

    @Test
    void tellsRepetitionsFromForksAndBrokenLinks() {
        RecentEvents recent = new RecentEvents(10);
        assertThat(recent.add(event(0, new byte[0]), ONE)).isEqualTo(Relation.NEW);
        assertThat(recent.add(event(0, new byte[0]), ONE)).isEqualTo(Relation.DUPLICATE);
        assertThat(recent.add(event(0, new byte[0]), TWO)).isEqualTo(Relation.FORK);
        assertThat(recent.add(event(1, TWO), TWO)).isEqualTo(Relation.BROKEN_LINK);
        assertThat(recent.add(event(2, TWO), ONE)).isEqualTo(Relation.NEW);
    }

    @Test
    void forgetsTheOldest() {
        RecentEvents recent = new RecentEvents(3);
        for (int i = 0; i < 100; i++) {
            recent.add(event(i, ONE), ONE);
        }
        assertThat(recent.size()).isEqualTo(3);
        assertThat(recent.add(event(0, new byte[0]), ONE)).isEqualTo(Relation.NEW);
    }

    private static AuditEvent event(long sequence, byte[] previous) {
        return AuditEvent.newBuilder()
                .setSessionId("s")
                .setSequence(sequence)
                .setPreviousHash(ByteString.copyFrom(previous))
                .build();
    }
}
