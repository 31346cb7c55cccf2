package dev.chaperone.rules;

/**
 * A rule of a compiled policy.
 *
 * @param pack the package that holds it
 * @param name its name, unique within the pack
 * @param reason its {@code @reason}, empty when it has none
 * @param citation its {@code @citation}, empty when it has none
 * @param path the source that holds it
 * @param line its first line there, from 1
 */
public record RuleInfo(String pack, String name, String reason, String citation, String path, int line) {
    /** Pack and name, as {@code pack/name}. */
    public String id() {
        return pack + "/" + name;
    }
}
