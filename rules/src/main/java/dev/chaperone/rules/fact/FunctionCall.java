package dev.chaperone.rules.fact;

/**
 * A database function that the operation calls and the enforcer's allow-list does not hold.
 *
 * @param name schema-qualified name
 */
public record FunctionCall(@Readable("resource.functions") String name) implements Fact, Target {
    @Override
    public String label() {
        return name;
    }
}
