package dev.chaperone.testkit.conformance;

/**
 * A secret of the fixture.
 *
 * @param name where it stands: {@code table.key.column}
 * @param value as the database writes it
 * @param type the name of its type
 */
public record Canary(String name, String value, String type) {}
