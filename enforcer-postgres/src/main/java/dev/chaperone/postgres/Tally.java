package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Decision;
import org.jspecify.annotations.Nullable;

/** How much has been delivered of something that may be delivered in several turns. Belongs to one session's event loop. */
final class Tally {

    private long rows;
    private long bytes;
    private @Nullable Decision lifted;

    void add(long moreRows, long moreBytes) {
        rows += moreRows;
        bytes += moreBytes;
    }

    /** People have granted that it goes over the limits of that decision. */
    void lift(Decision granted) {
        lifted = granted;
    }

    /** True when the limits of that decision count no more: those that people have lifted, by the same policy. */
    boolean lifted(Decision now) {
        return lifted != null
                && lifted.getPolicyVersion().equals(now.getPolicyVersion())
                && lifted.getObligationsList().equals(now.getObligationsList());
    }

    long rows() {
        return rows;
    }

    long bytes() {
        return bytes;
    }
}
