package dev.chaperone.enforcer.detect;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts finds by detector. Used by one thread. */
public final class FindCounts {

    private static final Detector[] DETECTORS = Detector.values();

    private final long[] counts = new long[DETECTORS.length];
    private boolean empty = true;

    /** Counts what was found. */
    public void add(List<Hit> hits) {
        for (Hit hit : hits) {
            counts[hit.detector().ordinal()]++;
            empty = false;
        }
    }

    /** True when nothing was counted. */
    public boolean isEmpty() {
        return empty;
    }

    /** How much of that was found. */
    public long count(Detector detector) {
        return counts[detector.ordinal()];
    }

    /** Counts by the detectors' names, without those that found nothing. */
    public Map<String, Long> byName() {
        Map<String, Long> named = new TreeMap<>();
        for (Detector detector : DETECTORS) {
            if (count(detector) > 0) {
                named.put(detector.text(), count(detector));
            }
        }
        return named;
    }

    /** Begins anew. */
    public void clear() {
        Arrays.fill(counts, 0);
        empty = true;
    }
}
