package dev.chaperone.cli;

import java.util.Set;

/**
 * One thing that the scripted agent tries.
 *
 * @param title what it shows
 * @param sql what the agent sends
 * @param effect what the enforcer must do: {@code permit}, {@code deny} or {@code hold}
 * @param masked columns whose values must not be those of the database; the others must be
 * @param probe a query whose answer from the database must be the same before and after; empty for none
 * @param probeMeaning what the probe's answer means, to print before it
 */
record DemoStep(String title, String sql, String effect, Set<String> masked, String probe, String probeMeaning) {

    DemoStep {
        masked = Set.copyOf(masked);
    }

    /** Rows come, with these columns masked. */
    static DemoStep masks(String title, String sql, String... masked) {
        return new DemoStep(title, sql, "permit", Set.of(masked), "", "");
    }

    /** Rows come as they are. */
    static DemoStep permits(String title, String sql) {
        return new DemoStep(title, sql, "permit", Set.of(), "", "");
    }

    /** The statement is refused, and the database is as before. */
    static DemoStep refuses(String title, String sql, String effect, String probe, String meaning) {
        return new DemoStep(title, sql, effect, Set.of(), probe, meaning);
    }

    /** True when rows must come. */
    boolean permitted() {
        return effect.equals("permit");
    }
}
