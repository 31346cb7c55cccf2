package dev.chaperone.cli;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One thing that the scripted agent tries.
 *
 * @param title what it shows
 * @param sql what the agent sends
 * @param effect what the enforcer must do: {@code permit}, {@code deny} or {@code hold}
 * @param masked columns whose values must not be those of the database; the others must be
 * @param probe a query whose answer from the database must be the same before and after, or another where somebody consents; it then
 *     has the masked columns, too; empty for none
 * @param probeMeaning what the probe's answer means, to print before it
 * @param said what a person says when it is held; null when it is not
 */
record DemoStep(
        String title,
        String sql,
        String effect,
        Set<String> masked,
        String probe,
        String probeMeaning,
        @Nullable Said said) {

    /**
     * What a person says.
     *
     * @param approves consent or refusal
     * @param because why
     */
    record Said(boolean approves, String because) {}

    DemoStep {
        masked = Set.copyOf(masked);
    }

    /** Rows come, with these columns masked. */
    static DemoStep masks(String title, String sql, String... masked) {
        return new DemoStep(title, sql, "permit", Set.of(masked), "", "", null);
    }

    /** Rows come as they are. */
    static DemoStep permits(String title, String sql) {
        return new DemoStep(title, sql, "permit", Set.of(), "", "", null);
    }

    /** The statement is refused, and the database is as before. */
    static DemoStep denies(String title, String sql, String probe, String meaning) {
        return new DemoStep(title, sql, "deny", Set.of(), probe, meaning, null);
    }

    /** The statement waits for a person, and does as they say. */
    static DemoStep asks(String title, String sql, String probe, String meaning, Said said, String... masked) {
        return new DemoStep(title, sql, "hold", Set.of(masked), probe, meaning, said);
    }

    /** True when rows must come. */
    boolean permitted() {
        return effect.equals("permit");
    }
}
