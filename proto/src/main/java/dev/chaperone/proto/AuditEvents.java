package dev.chaperone.proto;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import org.jspecify.annotations.Nullable;

/** Reads the parts of events that come in more than one kind of event. */
public final class AuditEvents {

    private AuditEvents() {}

    /** What the event says was delivered, by itself or as part of a repeated operation; null when it says nothing of it. */
    public static @Nullable Delivered delivered(AuditEvent event) {
        if (event.hasDelivered()) {
            return event.getDelivered();
        }
        return event.getOperationRepeated().hasDelivered()
                ? event.getOperationRepeated().getDelivered()
                : null;
    }
}
