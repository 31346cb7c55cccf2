package dev.chaperone.rules;

import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What rules say about whatever waits for people, combined so that all of them are satisfied: approvers from the groups that
 * everybody accepts (or somebody from each, where rules name different ones), one of each group that anybody asks for, the most
 * people, the shortest times, the narrowest kind of grant, and breaking the glass only as everybody allows it.
 *
 * <p>A rule that holds something and says nothing of the kind of grant means "once", of breaking the glass "nobody", and of
 * groups those of the approval service. It is spoken for by rules that hold nothing themselves: those say what goes for whatever
 * is held.
 */
final class Holds {
    private final List<Said> said = new ArrayList<>();
    private final Set<String> holders = new HashSet<>();
    private boolean conflicting;

    private record Said(String rule, HoldTerms terms) {}

    /** A rule holds something, before it runs or at a limit. */
    void holder(RuleInfo rule) {
        holders.add(rule.id());
    }

    void add(RuleInfo rule, HoldTerms terms) {
        said.add(new Said(rule.id(), terms));
    }

    /** Whether nobody could approve, since no group satisfies all; known once they are {@link #combined}. */
    boolean conflicting() {
        return conflicting;
    }

    HoldTerms combined() {
        HoldTerms.Builder combined = HoldTerms.newBuilder();
        Set<String> required = new TreeSet<>();
        Duration waits = null;
        Duration lasts = null;
        for (Said one : said) {
            HoldTerms terms = one.terms();
            required.addAll(terms.getRequiredGroupsList());
            combined.setApprovalsNeeded(Math.max(combined.getApprovalsNeeded(), terms.getApprovalsNeeded()));
            waits = terms.hasExpiresAfter() ? shorter(waits, terms.getExpiresAfter()) : waits;
            lasts = terms.hasGrantLasts() ? shorter(lasts, terms.getGrantLasts()) : lasts;
        }
        if (waits != null) {
            combined.setExpiresAfter(Times.duration(waits));
        }
        if (lasts != null) {
            combined.setGrantLasts(Times.duration(lasts));
        }
        Set<String> approvers = common(terms -> terms.getApproverGroupsCount() > 0, HoldTerms::getApproverGroupsList);
        List<HoldTerms> naming = said.stream()
                .map(Said::terms)
                .filter(terms -> terms.getApproverGroupsCount() > 0)
                .toList();
        if (approvers.isEmpty() && !naming.isEmpty()) {
            // Somebody of each satisfies all, where each names one group, and nobody says how many of it.
            conflicting = combined.getApprovalsNeeded() > 1
                    || naming.stream().anyMatch(terms -> terms.getApproverGroupsCount() > 1);
            naming.forEach(terms -> required.addAll(terms.getApproverGroupsList()));
        }
        Predicate<HoldTerms> groups = terms -> terms.getApproverGroupsCount() + terms.getRequiredGroupsCount() > 0;
        combined.setOwnGroupsToo(said.stream().map(Said::terms).anyMatch(groups) && silent(groups));
        Predicate<HoldTerms> breaking = terms -> terms.getBreakGlassGroupsCount() > 0;
        if (!silent(breaking)) {
            combined.addAllBreakGlassGroups(common(breaking, HoldTerms::getBreakGlassGroupsList));
        }
        return combined.addAllApproverGroups(approvers)
                .addAllRequiredGroups(required)
                .setMode(mode())
                .build();
    }

    private GrantMode mode() {
        GrantMode narrowest = GrantMode.GRANT_MODE_UNSPECIFIED;
        for (Said one : said) {
            GrantMode mode = one.terms().getMode();
            boolean narrower = narrowest == GrantMode.GRANT_MODE_UNSPECIFIED || mode.compareTo(narrowest) < 0;
            narrowest = mode != GrantMode.GRANT_MODE_UNSPECIFIED && narrower ? mode : narrowest;
        }
        boolean once = narrowest != GrantMode.GRANT_MODE_UNSPECIFIED
                && silent(terms -> terms.getMode() != GrantMode.GRANT_MODE_UNSPECIFIED);
        return once ? GrantMode.GRANT_MODE_ONCE : narrowest;
    }

    /** Whether a rule that holds something does not say it, and no rule says it for whatever is held. */
    private boolean silent(Predicate<HoldTerms> saying) {
        Set<String> speakers = new HashSet<>();
        said.stream().filter(one -> saying.test(one.terms())).map(Said::rule).forEach(speakers::add);
        return holders.containsAll(speakers) && !speakers.containsAll(holders);
    }

    /** What all that say it have in common; empty when nobody says it, too. */
    private Set<String> common(Predicate<HoldTerms> saying, Function<HoldTerms, List<String>> groups) {
        Set<String> common = new TreeSet<>();
        boolean first = true;
        for (Said one : said) {
            if (saying.test(one.terms())) {
                if (first) {
                    common.addAll(groups.apply(one.terms()));
                } else {
                    common.retainAll(groups.apply(one.terms()));
                }
                first = false;
            }
        }
        return common;
    }

    private static Duration shorter(@Nullable Duration before, com.google.protobuf.Duration other) {
        Duration duration = Times.duration(other);
        return before == null || duration.compareTo(before) < 0 ? duration : before;
    }
}
