package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one partition has received lately, to recognise repetitions: an enforcer that was interrupted ships again what it is
 * not sure of. Memory is bounded by forgetting the oldest event. A repetition of a forgotten event is stored a second time,
 * which costs space and nothing else: the verifier knows an identical repetition when it sees one.
 */
final class RecentEvents {

    /** How an event relates to what was received before. */
    enum Relation {
        /** It was not received before, or that is forgotten. */
        NEW,
        /** Exactly these bytes were received before. */
        DUPLICATE,
        /** Other bytes were received for the same place of the same session: somebody has two histories. */
        FORK,
        /** Its predecessor was received, and it names another. */
        BROKEN_LINK
    }

    private record Place(String session, long sequence) {}

    private final int capacity;
    private final Map<Place, ByteString> hashes = new LinkedHashMap<>();

    RecentEvents(int capacity) {
        this.capacity = capacity;
    }

    /** Relates an event to those before it, and remembers it when it is new. */
    Relation add(AuditEvent event, byte[] hash) {
        ByteString bytes = ByteString.copyFrom(hash);
        ByteString earlier = hashes.putIfAbsent(new Place(event.getSessionId(), event.getSequence()), bytes);
        if (earlier != null) {
            return earlier.equals(bytes) ? Relation.DUPLICATE : Relation.FORK;
        }
        if (hashes.size() > capacity) {
            Iterator<Place> oldest = hashes.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        ByteString predecessor = hashes.get(new Place(event.getSessionId(), event.getSequence() - 1));
        return predecessor == null || predecessor.equals(event.getPreviousHash()) ? Relation.NEW : Relation.BROKEN_LINK;
    }

    int size() {
        return hashes.size();
    }
}
