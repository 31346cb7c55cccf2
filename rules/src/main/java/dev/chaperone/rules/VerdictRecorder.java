package dev.chaperone.rules;

import dev.chaperone.rules.fact.Target;
import dev.chaperone.rules.fact.Verdict;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The conclusions drawn for one request, each with what it is about. Used by one thread. */
final class VerdictRecorder implements Verdict {
    /** More conclusions than this for one request are a policy that has run away. */
    static final int MAX_CONCLUSIONS = 50_000;

    private final List<Conclusion> known;
    private final Map<Conclusion, Set<String>> drawn = new LinkedHashMap<>();
    private int count;

    VerdictRecorder(List<Conclusion> known) {
        this.known = known;
    }

    @Override
    public void conclude(int conclusion) {
        targets(conclusion);
    }

    @Override
    public void conclude(int conclusion, Target target) {
        targets(conclusion).add(target.label());
    }

    private Set<String> targets(int conclusion) {
        if (++count > MAX_CONCLUSIONS) {
            throw new IllegalStateException("rules concluded more than " + MAX_CONCLUSIONS + " times");
        }
        return drawn.computeIfAbsent(known.get(conclusion), key -> new LinkedHashSet<>());
    }

    /** What was concluded, and the labels of what it is about; none when it is about the whole request. */
    Map<Conclusion, Set<String>> drawn() {
        return drawn;
    }
}
