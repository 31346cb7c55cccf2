package dev.chaperone.postgres;

import dev.chaperone.enforcer.detect.Hit;
import dev.chaperone.postgres.masking.OriginalsCollector;
import io.netty.buffer.ByteBuf;
import java.util.List;

/** Takes what is replaced in the rows of one portal, and what detectors found, for the record. */
final class PortalOriginals implements OriginalsCollector {

    private final Outbox outbox;
    private final Portal portal;
    private final boolean kept;

    /** @param kept whether the policy lets originals be recorded */
    PortalOriginals(Outbox outbox, Portal portal, boolean kept) {
        this.outbox = outbox;
        this.portal = portal;
        this.kept = kept;
    }

    /** The same for a COPY, whose masker numbers rows from the first one on. */
    OriginalsCollector ofCopy() {
        PortalOriginals rows = this;
        return new OriginalsCollector() {
            @Override
            public void original(long row, int column, String field, ByteBuf source, int index, int length) {
                rows.original(row < 0 ? row : outbox.row(), column, field, source, index, length);
            }

            @Override
            public void found(List<Hit> finds) {
                rows.found(finds);
            }
        };
    }

    @Override
    public void original(long row, int column, String field, ByteBuf source, int index, int length) {
        if (kept) {
            outbox.original(row, column, field, source, index, length);
        }
    }

    @Override
    public void found(List<Hit> finds) {
        if (!finds.isEmpty()) {
            outbox.found(finds);
            portal.finds().add(finds);
        }
    }
}
