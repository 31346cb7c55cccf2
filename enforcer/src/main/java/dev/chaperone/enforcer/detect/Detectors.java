package dev.chaperone.enforcer.detect;

import com.google.re2j.Pattern;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Detect.Action;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Makes the nets that obligations ask for. Safe for use by any thread. */
public final class Detectors {

    /** Policies name detectors in few ways; were there more, nets are made anew. */
    private static final int MOST_KEPT = 100;

    private final @Nullable Pattern mrn;
    private final Map<Map<Detector, Action>, ContentNet> nets = new ConcurrentHashMap<>();

    public Detectors(DetectionConfig config) {
        String pattern = config.mrnPattern();
        mrn = pattern == null ? null : Pattern.compile(pattern);
    }

    /**
     * The net that does what all the obligations ask for; the strictest action for each detector.
     *
     * @return null when there are none
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when one of them names a detector or an action that is not known
     *     here, or none
     */
    public @Nullable ContentNet of(Collection<Detect> obligations) {
        if (obligations.isEmpty()) {
            return null;
        }
        Map<Detector, Action> actions = new EnumMap<>(Detector.class);
        for (Detect obligation : obligations) {
            add(obligation, actions);
        }
        ContentNet known = nets.get(actions);
        if (known != null) {
            return known;
        }
        ContentNet net = new ContentNet(actions, mrn);
        if (nets.size() < MOST_KEPT) {
            nets.put(Map.copyOf(actions), net);
        }
        return net;
    }

    private static void add(Detect obligation, Map<Detector, Action> actions) {
        Action action = obligation.getAction();
        if (action == Action.UNRECOGNIZED || obligation.getDetectorsCount() == 0) {
            throw unfulfillable("what detectors find is to be treated in a way that this enforcer does not know");
        }
        Action asked = action == Action.ACTION_UNSPECIFIED ? Action.ACTION_MASK : action;
        for (String name : obligation.getDetectorsList()) {
            Detector detector = Detector.of(name);
            if (detector == null) {
                throw unfulfillable("the detector `" + printable(name) + "` is not known to this enforcer; use some of "
                        + Detector.names());
            }
            actions.merge(detector, asked, (one, other) -> one.getNumber() >= other.getNumber() ? one : other);
        }
    }

    private static String printable(String text) {
        String start = text.length() > 64 ? text.substring(0, 64) : text;
        return start.replaceAll("[^\\x20-\\x7e]", "?");
    }

    private static EnforcementException unfulfillable(String message) {
        return new EnforcementException(ErrorCode.OBLIGATION_UNFULFILLABLE, message);
    }
}
