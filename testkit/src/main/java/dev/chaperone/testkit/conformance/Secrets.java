package dev.chaperone.testkit.conformance;

import java.util.Map;

/**
 * What must not be learned of one world.
 *
 * @param canaries every secret by its name
 * @param scan finds them
 */
public record Secrets(Map<String, Canary> canaries, CanaryScan scan) {

    public Secrets {
        canaries = Map.copyOf(canaries);
    }

    /** A secret by its name. */
    String value(String name) {
        Canary canary = canaries.get(name);
        if (canary == null) {
            throw new IllegalArgumentException("the fixture has no `" + name + "`");
        }
        return canary.value();
    }

    /** Reads the secrets of a world from its database. */
    public static Secrets of(World world, Labels labels) {
        Map<String, Canary> canaries = world.canaries(labels);
        if (canaries.isEmpty()) {
            throw new IllegalArgumentException("there is nothing secret in " + world.owner());
        }
        return new Secrets(canaries, new CanaryScan(canaries.values()));
    }
}
