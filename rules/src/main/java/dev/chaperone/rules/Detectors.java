package dev.chaperone.rules;

import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Detect.Action;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The content detectors that policies can name, and what several rules together ask of them. */
final class Detectors {
    /** As in the contract's {@code Detect}. */
    static final List<String> NAMES = List.of("ssn", "mrn", "card", "phone", "email", "birth-date");

    /** What can become of a text in which something is found. */
    static final Map<String, Action> ACTIONS =
            Map.of("mask", Action.ACTION_MASK, "redact", Action.ACTION_REDACT, "deny", Action.ACTION_DENY);

    private final Map<String, Action> asked = new TreeMap<>();

    /** One rule's; for a detector that another has named, the stricter action wins. */
    void add(Detect detect) {
        for (String name : detect.getDetectorsList()) {
            asked.merge(name, detect.getAction(), (one, other) -> one.getNumber() >= other.getNumber() ? one : other);
        }
    }

    /** All of them, one obligation for each action. */
    List<Detect> obligations() {
        Map<Action, Detect.Builder> byAction = new EnumMap<>(Action.class);
        asked.forEach((name, action) -> byAction.computeIfAbsent(
                        action, key -> Detect.newBuilder().setAction(key))
                .addDetectors(name));
        List<Detect> obligations = new ArrayList<>();
        byAction.values().forEach(detect -> obligations.add(detect.build()));
        return obligations;
    }
}
