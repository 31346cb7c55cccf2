package dev.chaperone.pdp;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Which enforcers there are, as far as this decision point hears of them: by the streams on which they follow policy changes, and
 * by what they ask. Names are what callers say; how many are kept is bounded.
 */
final class Enforcers {

    private static final int MOST = 1024;
    private static final int LONGEST_NAME = 200;

    private final ConcurrentHashMap<String, Known> all = new ConcurrentHashMap<>();

    /** One enforcer. Streams and their policies are guarded by itself. */
    private static final class Known {
        final LongAdder decisions = new LongAdder();
        volatile long lastDecisionMillis;
        volatile String decidedVersion = "";
        final List<Following> streams = new ArrayList<>();

        @Nullable
        Instant left;
    }

    /** One process that follows policy changes. */
    final class Following {

        private final Known known;
        private final Instant since = Instant.now();
        private String announced = "";

        private Following(Known known) {
            this.known = known;
        }

        /** It was told of a policy. */
        void announced(String version) {
            synchronized (known) {
                announced = version;
            }
        }

        /** It follows no longer. */
        void ended() {
            synchronized (known) {
                if (known.streams.remove(this)) {
                    known.left = Instant.now();
                }
            }
        }
    }

    private Known known(String name) {
        Known found = all.get(name);
        if (found != null) {
            return found;
        }
        // What is not kept is counted for nobody.
        return all.size() >= MOST || name.length() > LONGEST_NAME
                ? new Known()
                : all.computeIfAbsent(name, any -> new Known());
    }

    /** Somebody begins to follow. */
    Following follows(String name) {
        Known known = known(name);
        Following following = new Following(known);
        synchronized (known) {
            known.streams.add(following);
        }
        return following;
    }

    /** Somebody was given a decision. */
    void decided(String name, String version) {
        Known known = known(name);
        known.decisions.increment();
        known.lastDecisionMillis = System.currentTimeMillis();
        known.decidedVersion = version;
    }

    /** Everybody, by name. */
    List<EnforcerStatus> list() {
        List<EnforcerStatus> list = new ArrayList<>();
        all.forEach((name, known) -> list.add(status(name, known)));
        list.sort(Comparator.comparing(EnforcerStatus::name));
        return list;
    }

    private static EnforcerStatus status(String name, Known known) {
        synchronized (known) {
            List<String> announced = known.streams.stream()
                    .map(stream -> stream.announced)
                    .distinct()
                    .toList();
            long last = known.lastDecisionMillis;
            return new EnforcerStatus(
                    name,
                    known.streams.size(),
                    known.streams.stream()
                            .map(stream -> stream.since)
                            .min(Comparator.naturalOrder())
                            .orElse(null),
                    announced.size() == 1 ? announced.get(0) : "",
                    known.decisions.sum(),
                    last == 0 ? null : Instant.ofEpochMilli(last),
                    known.decidedVersion,
                    known.left);
        }
    }
}
