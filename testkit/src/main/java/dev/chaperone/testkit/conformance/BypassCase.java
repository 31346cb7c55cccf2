package dev.chaperone.testkit.conformance;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One way around, or one statement that has to work.
 *
 * @param name {@code area/name}
 * @param sql the query, to be run in every mode; empty for a case of its own steps
 * @param steps its own steps; empty for a query
 * @param modes the modes to run it in
 * @param compare what two worlds may be told apart by
 * @param useful what must come of it; null for an attack, which may always be refused
 * @param knows the secrets that the attacker knows beforehand: they may be echoed
 * @param settings startup parameters; where there are any the case gets a session of its own
 * @param fresh true for a session of its own, because it changes the session
 * @param changes true when it changes the database, should it succeed
 * @param alone true when it cannot be run beside others: it may change what they see, or see what they change
 * @param undo what the owner does afterwards
 * @param policies the policies that it is run under; empty for all
 * @param since oldest major version of PostgreSQL that it makes sense on
 * @param within longest that it may take, null for no bound
 * @param open why it is known to leak, null when it must not
 * @param harmless why the server itself is safe from it, null when it is not
 */
public record BypassCase(
        String name,
        String sql,
        List<Step> steps,
        List<Mode> modes,
        Compare compare,
        @Nullable Useful useful,
        Set<String> knows,
        Map<String, String> settings,
        boolean fresh,
        boolean changes,
        boolean alone,
        List<String> undo,
        Set<String> policies,
        int since,
        @Nullable Duration within,
        @Nullable String open,
        @Nullable String harmless) {

    /** What two worlds, which differ in their secrets only, may be told apart by. */
    public enum Compare {
        /** Nothing but which pseudonyms there are: every other byte is the same. */
        SAME,
        /**
         * What is computed from pseudonyms, or depends on their order. It must not be what the unmasked database would have
         * answered.
         */
        PSEUDONYMS,
        /** They are not compared: what is delivered differs for other reasons (times, process ids). */
        NOT_COMPARED
    }

    /**
     * What must come of a useful statement.
     *
     * @param rows how many rows; -1 for any number
     * @param shows texts that must be among what is delivered
     */
    public record Useful(int rows, List<String> shows) {
        public Useful {
            shows = List.copyOf(shows);
        }
    }

    public BypassCase {
        steps = List.copyOf(steps);
        modes = List.copyOf(modes);
        knows = Set.copyOf(knows);
        settings = Map.copyOf(settings);
        undo = List.copyOf(undo);
        policies = Set.copyOf(policies);
        if (sql.isEmpty() == steps.isEmpty()) {
            throw new IllegalArgumentException("case `" + name + "` has to have either `sql` or `steps`");
        }
    }

    /** The part of the name that says what it is about. */
    public String area() {
        return name.substring(0, name.indexOf('/'));
    }

    /** The steps in one mode. */
    List<Step> steps(Mode mode) {
        return mode == Mode.STEPS ? steps : mode.steps(sql);
    }

    /** True when it needs a session that nobody used before. */
    boolean ownSession() {
        return fresh || !settings.isEmpty();
    }
}
